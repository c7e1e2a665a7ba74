-- Tables that grow become ranges of ids, so that what is old leaves as a whole. Here they get one range without an end, which
-- is the table that was there: no row is read or moved. Upkeep adds the next when this one fills.

-- Who splits and drops ranges at the moment.
create table partition_upkeep (
  only_row   boolean primary key default true check (only_row),
  held_until timestamptz not null
);
insert into partition_upkeep (held_until) values ('-infinity');

do $$
declare
  root      text;
  key       text;
  whole     text;
  class     pg_class;
  index     record;
  is_drawn  boolean;
  last      bigint;
  functions text[];
  triggers  text[];
  indexes   text[] := '{}';
  grants    text[];
  command   text;
begin
  -- Functions come back in any order.
  perform set_config('check_function_bodies', 'off', true);

  for root, key in values
    ('js_result', 'id'), ('event_log', 'id'), ('service_event', 'id'), ('change_event', 'sequence_number')
  loop
    whole := root || '_p0';
    select * into class from pg_class where oid = root::regclass;
    is_drawn := pg_get_serial_sequence(root, key) is not null;

    -- What names the table or takes its rows would go on meaning the range.
    select coalesce(array_agg(pg_get_functiondef(oid)), '{}') into functions
    from pg_proc where class.reltype = any(proargtypes) or class.reltype = prorettype;
    select coalesce(array_agg(pg_get_triggerdef(oid) order by oid), '{}') into triggers
    from pg_trigger where tgrelid = class.oid and not tgisinternal;
    select array_agg(format('grant %s on %s %I to %s %s', a.privilege_type,
      case c.relkind when 'S' then 'sequence' else 'table' end, c.relname,
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end,
      case when a.is_grantable then 'with grant option' else '' end)) into grants
    from pg_class c cross join aclexplode(c.relacl) a
    where (c.oid = class.oid or c.oid = pg_get_serial_sequence(root, key)::regclass) and a.grantee <> c.relowner;

    for command in
      select 'drop function ' || oid::regprocedure from pg_proc
      where class.reltype = any(proargtypes) or class.reltype = prorettype
      union all
      select format('drop trigger %I on %I', tgname, root) from pg_trigger
      where tgrelid = class.oid and not tgisinternal
    loop
      execute command;
    end loop;

    if is_drawn then
      last := pg_sequence_last_value(pg_get_serial_sequence(root, key)::regclass);
      execute format('alter table %I alter %I drop identity', root, key);
    end if;

    indexes := '{}';
    for index in
      select c.relname as name, i.indisprimary as is_key, pg_get_indexdef(c.oid) as definition,
        left(case when starts_with(c.relname, root || '_') then replace(c.relname, root || '_', whole || '_')
          else whole || '_' || c.relname end, 63) as new_name
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = class.oid and i.indisvalid
    loop
      execute format('alter index %I rename to %I', index.name, index.new_name);
      if not index.is_key then
        indexes := indexes || index.definition;
      end if;
    end loop;
    execute format('alter table %I rename to %I', root, whole);

    execute format('create table %I (like %I including defaults including constraints including storage
      including compression including generated) partition by range (%I)', root, whole, key);
    execute format('alter table %I owner to %I', root, pg_get_userbyid(class.relowner));
    execute format('alter table %I add constraint %I primary key (%I)', root, root || '_pkey', key);
    if is_drawn then
      -- PostgreSQL 15 and 16 know no identity of a table of ranges.
      execute format('create sequence %I owned by %I.%I', root || '_' || key || '_seq', root, key);
      execute format('alter table %I alter %I set default nextval(%L)', root, key, root || '_' || key || '_seq');
      if last is not null then
        perform setval(format('%I', root || '_' || key || '_seq')::regclass, last);
      end if;
    end if;
    execute format('alter table %I attach partition %I for values from (minvalue) to (maxvalue)', root, whole);

    -- An index of the range that is the same becomes part of the table's.
    foreach command in array indexes || triggers || functions || coalesce(grants, '{}') loop
      execute command;
    end loop;
  end loop;
end
$$;
