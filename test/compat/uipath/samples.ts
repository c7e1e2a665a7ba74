/** What stands for the placeholders of the documentation: a Guid that ends in these digits. */
export function guid(digits: number): string {
  return `a1b2c3d4-0000-4000-8000-${String(digits).padStart(12, '0')}`
}

/** The common fields of an event, as UiPath Insights documents them. */
export function commonFields(eventType: string) {
  return {
    EventType: eventType,
    SchemaVersion: '0.0.1',
    Timestamp: '2024-04-18T08:30:00.123Z',
    TenantKey: guid(1),
    TenantName: 'Default',
    FolderName: 'Invoices',
    FullFolderPath: 'Shared/Invoices',
    FolderKey: guid(2),
  }
}

const runningJob = {
  Key: guid(3),
  CreationTime: '2024-04-18T08:29:58.1Z',
  State: 'Running',
  StartTime: '2024-04-18T08:29:59Z',
  EndTime: null,
  ProcessName: 'Invoices.Read',
  DisplayName: 'Read invoices',
  RobotName: 'robot 1',
  HostMachineName: 'HOST-1',
}

const queueItem = {
  QueueItem: {
    Key: guid(4),
    QueueDefinitionId: 17,
    Status: 'New',
    ReviewStatus: 'None',
    DueDate: '2024-05-01T00:00:00Z',
    Priority: 'High',
    CreationTime: '2024-04-18T08:00:00Z',
    StartProcessing: '2024-04-18T08:30:00Z',
    EndProcessing: null,
    DefferDate: '2024-04-18T08:15:00+02:00',
    SecondsInPreviousAttempt: 0,
    RetryNumber: 1,
    Progress: 'half',
    ProcessExceptionReason: null,
    ProcessExceptionDetails: null,
    ProcessExceptionType: null,
  },
  Queue: {
    Key: guid(5),
    Name: 'invoices',
    Description: 'What came in by mail',
    MaxNumberOfRetries: 1,
    EnforceUniqueReference: false,
    SlaInMinutes: 0,
    RiskSlaInMinutes: 0,
  },
}

const machineSession = {
  MachineKey: guid(6),
  MachineName: 'template',
  MachineId: 7,
  HostMachineName: 'HOST-1',
  ServiceUsername: 'NT AUTHORITY\\SYSTEM',
  MachineStatus: 'Disconnected',
  ReportingTime: '2024-04-18T08:30:00.1234567Z',
  IsUnresponsive: false,
}

const machine = {
  MachineName: 'template',
  MachineKey: guid(6),
  NonProductionSlots: 1,
  HeadlessSlots: 0,
  AutomationCloudSlots: 0,
  UnattendedSlots: 0,
}

const robotLog = {
  message: 'Transaction Ended',
  level: 'Information',
  logType: 'Default',
  CustomFields: { 'Custom fields 1': 'value1', 'Custom fields 2': 2 },
  timeStamp: '2024-04-18T10:30:00.1234567+02:00',
  fingerprint: guid(8),
  windowsIdentity: 'HOST-1\\robot',
  machineName: 'HOST-1',
  fileName: 'Main',
  transactionExecutionTime: 0.6733966,
  queueItemPriority: 'Normal',
  processingExceptionReason: '',
  transactionStatus: 'Successful',
  queueName: 'invoices',
  transactionState: 'Ended',
  processingExceptionType: '',
  transactionId: guid(4),
  queueItemReviewStatus: 'None',
  processName: 'Invoices.Read',
  processVersion: '1.0.6',
  jobId: guid(3),
  robotName: 'robot 1',
  machineId: 7,
  organizationUnitId: 8,
}

/** The body of each documented sample, its placeholders replaced and its common fields written out. */
export const samples = {
  'the first job.started': {
    Job: { ...runningJob, CreationTime: null, State: 'Pending' },
    ...commonFields('job.started'),
  },
  'the second job.started': { Job: runningJob, ...commonFields('job.started') },
  'a queue item': { ...queueItem, ...commonFields('queueItem.transactionCompleted') },
  'a machine session': { MachineSession: machineSession, ...commonFields('machineSession.status') },
  'a machine': { Machine: machine, ...commonFields('machine.created') },
  'a machine that is unassigned': {
    MachineAssign: { MachineKey: guid(6), MachineName: 'template' },
    ...commonFields('machine.unassigned'),
  },
  'a line of a robot’s log': {
    Level: 'Info',
    MachineKey: guid(6),
    RobotLog: robotLog,
    ...commonFields('robotlog'),
  },
} as const
