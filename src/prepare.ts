import process from 'node:process'
import { prepareFolder } from './database/prepare-folder.ts'

// What the first start of the embedded engine begins with. It can do without: then it takes some seconds more.
try {
  await prepareFolder()
} catch (error) {
  process.stderr.write(`daybook: the first start will take some seconds more: ${error}\n`)
}
