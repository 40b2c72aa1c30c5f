/** `plinth explain-access`: why somebody may or may not do something to a record, rule by rule, with what each compared. */
import { expectMigrated, joinDatabase } from '../app/index.ts'
import { readAddress } from '../kernel/index.ts'
import { type Actor, type ActorSession, ALWAYS, DEVICES, type Domain, type ResourceModel } from '../model/index.ts'
import { SqlPool } from '../pg/index.ts'
import {
  Access,
  type ConditionFinding,
  DENIED,
  describeCondition,
  explainCondition,
  isReadable,
  isWritable,
  type PolicyInput,
  UNCONDITIONAL,
} from '../policy/index.ts'
import { type Command, type CommandScope, EXIT_FAILURE, EXIT_FINE, UsageError } from './command.ts'
import { readDurationS } from './duration.ts'
import { type ExplainedActor, findActor, type HeldRecord, readRecord, readValues } from './explained.ts'
import type { Terminal } from './terminal.ts'

export const explainAccess: Command = {
  name: 'explain-access',
  summary: 'Say why somebody may or may not do something, rule by rule',
  usages: [
    '--as EMAIL|ID|role:NAME|nobody --on RESOURCE/ID VERB',
    '--as … --on RESOURCE create|read [--with NAME=VALUE]',
    '… [--at TIME] [--from ADDRESS] [--device browser|native|service] [--signed-in 10m] [--second-factor 3m]',
  ],
  wordsMax: 1,
  options: {
    as: { type: 'string' },
    on: { type: 'string' },
    with: { type: 'string', multiple: true },
    at: { type: 'string' },
    from: { type: 'string' },
    device: { type: 'string' },
    'signed-in': { type: 'string' },
    'second-factor': { type: 'string' },
  },
  async run(scope) {
    const { options, words, terminal, settings } = scope
    const app = await scope.loadApp()
    const asked = readQuestion(app.domain, text(options['as']), text(options['on']), words[0])
    const moment = readMoment(options)
    const values = readValues(asked.model, readList(options['with']))
    const database = await joinDatabase(app, { databaseUrl: settings.databaseUrl })
    const sql = new SqlPool({ url: database.url, applicationName: `${app.domain.name} explain-access`, connections: 1 })
    try {
      await expectMigrated(app, database)
      const who = await findActor(app.domain, sql, asked.who, moment.nowMs)
      const held = asked.id === undefined ? undefined : await readRecord(asked.model, sql, asked.id)
      const explanation = explain(asked, who, { ...moment, actor: withSession(who.actor, moment) }, held, values)
      terminal.result(explanation, () => render(explanation, terminal))
      return explanation.isPermitted ? EXIT_FINE : EXIT_FAILURE
    } finally {
      await sql.close()
      await database.stop()
    }
  },
}

interface Question {
  readonly model: ResourceModel
  readonly id: string | undefined
  readonly verb: string
  readonly who: string
}

interface Moment {
  readonly nowMs: number
  readonly address: string | null
  readonly session: ActorSession
}

/** Which part of a rule holds; `findings` only where it does not. */
interface ExplainedPart {
  readonly needs: string
  /** Null for what only a record could tell, and none is looked at. */
  readonly holds: boolean | null
  readonly findings: readonly ConditionFinding[]
}

interface ExplainedRule {
  readonly verb: string
  readonly actor: ExplainedPart
  readonly record: ExplainedPart
}

interface Explanation {
  readonly isPermitted: boolean
  /** What the service would answer; null where it would do it. */
  readonly code: string | null
  readonly verdict: string
  readonly actor: string
  readonly verb: string
  readonly on: string
  readonly rules: readonly ExplainedRule[]
  readonly fields: { readonly notReadable: readonly string[]; readonly notWritable: readonly string[] }
}

const VERBS = ['read', 'create', 'update', 'delete', 'restore', 'read-deleted']
const MAKING = ['create', 'register']

function readQuestion(domain: Domain, who: string | undefined, on: string | undefined, verb: string | undefined): Question {
  if (who === undefined || on === undefined || verb === undefined)
    throw new UsageError(
      'Cannot explain: it needs to know who, on what and which operation, as in: plinth explain-access --as role:editor --on posts/post_… update',
    )
  const [segment = '', id, ...more] = on.split('/')
  const model = domain.resources.find((one) => one.segment === segment)
  if (model === undefined || more.length > 0)
    throw new UsageError(
      `Cannot explain access to "${on}": it is no resource, expected one of ${domain.resources.map((one) => one.segment).join(', ')}, and an id after a slash`,
    )
  const custom = [...model.actions, ...model.exchanges].map((one) => one.verb)
  const verbs = [...VERBS, ...(domain.accounts?.resource === model ? ['register'] : []), ...custom]
  if (!verbs.includes(verb))
    throw new UsageError(
      `Cannot explain "${verb}": there is no such operation on ${segment}, expected one of ${verbs.join(', ')}`,
    )
  if (MAKING.includes(verb) && id !== undefined)
    throw new UsageError(`Cannot explain "${verb}" on "${on}": it makes a record, expected --on ${segment}`)
  return { model, id, verb, who }
}

function readMoment(options: CommandScope['options']): Moment {
  const { at, from, device } = options
  const nowMs = at === undefined ? Date.now() : Date.parse(String(at))
  if (Number.isNaN(nowMs))
    throw new UsageError(`Cannot use --at "${at}": it is no moment, expected one such as 2026-11-23T12:00:00Z`)
  if (from !== undefined && readAddress(String(from)) === undefined)
    throw new UsageError(`Cannot use --from "${from}": it is no address, expected one such as 10.1.2.3`)
  const known = DEVICES.find((one) => one === device)
  if (device !== undefined && known === undefined)
    throw new UsageError(`Cannot use --device "${device}": expected one of ${DEVICES.join(', ')}`)
  const shownAtMs = (name: string): number | null => {
    const age = text(options[name])
    return age === undefined ? null : nowMs - readDurationS(`--${name}`, age) * 1_000
  }
  return {
    nowMs,
    address: text(from) ?? null,
    session: {
      id: null,
      clientId: null,
      device: known ?? null,
      authenticatedAtMs: shownAtMs('signed-in'),
      secondFactorAtMs: shownAtMs('second-factor'),
    },
  }
}

function text(option: string | boolean | undefined): string | undefined {
  return typeof option === 'string' ? option : undefined
}

/** The one option that may come several times. */
function readList(option: unknown): readonly string[] {
  return Array.isArray(option) ? option.map(String) : []
}

function withSession(actor: Actor, { session }: Moment): Actor {
  return actor.kind === 'nobody' ? actor : { ...actor, session }
}

function explain(
  asked: Question,
  who: ExplainedActor,
  input: PolicyInput,
  held: HeldRecord | undefined,
  values: HeldRecord,
): Explanation {
  const { model, verb } = asked
  const record = MAKING.includes(verb) ? { ...fallbacks(model), ...values } : held
  const verbs = verb === 'read' || record === undefined || MAKING.includes(verb) ? [verb] : [...new Set([verb, seeingVerb(verb)])]
  const answer = who.isSuspended ? 'AUTH_ACCOUNT_SUSPENDED' : decide(model, verb, input, record, values)
  return {
    isPermitted: answer === null,
    code: answer,
    verdict: renderVerdict(answer, model, verb, input, record),
    actor: who.shown,
    verb,
    on: asked.id === undefined ? model.segment : `${model.segment}/${asked.id}`,
    rules: verbs.flatMap((one) => explainRules(model, one, input, record)),
    fields: {
      notReadable: fieldsThat(model, (field) => !isReadable(field, input.actor)),
      notWritable: fieldsThat(model, (field) => !isWritable(field, input.actor)),
    },
  }
}

/** Whoever changes a record must be allowed to see it. */
function seeingVerb(verb: string): string {
  return verb === 'restore' || verb === 'read-deleted' ? 'read-deleted' : 'read'
}

/** The code that the service would answer with; null where it would do it. The same order as the engine's. */
function decide(
  model: ResourceModel,
  verb: string,
  input: PolicyInput,
  record: HeldRecord | undefined,
  values: HeldRecord,
): string | null {
  const access = new Access(model, verb)
  if (access.decide(input) === DENIED) {
    if (input.actor.kind === 'nobody') return 'AUTH_REQUIRED'
    return access.staleProofs(input) === undefined ? 'AUTH_FORBIDDEN' : 'AUTH_STEP_UP_REQUIRED'
  }
  if (record === undefined) return null
  const refused = input.actor.kind === 'nobody' ? 'AUTH_REQUIRED' : 'AUTH_FORBIDDEN'
  if (MAKING.includes(verb)) return access.permits(input, record) ? null : refused
  const seeing = new Access(model, seeingVerb(verb))
  if (seeing.decide(input) === DENIED) return refused
  const isDeleted = record['deletedAt'] != null
  const isSought = isDeleted === (seeing.verb === 'read-deleted')
  if (!isSought || !seeing.permits(input, record)) return 'NOT_FOUND_RECORD'
  const changed = { ...record, ...values }
  return access.permits(input, record) && access.permits(input, changed) ? null : refused
}

function renderVerdict(
  code: string | null,
  model: ResourceModel,
  verb: string,
  input: PolicyInput,
  record: HeldRecord | undefined,
): string {
  if (code === null) {
    if (record !== undefined || new Access(model, verb).decide(input) === UNCONDITIONAL) return 'permitted'
    return 'permitted for the records that fulfil a rule above'
  }
  if (code !== 'NOT_FOUND_RECORD') return `refused: ${code}`
  const isDeleted = record?.['deletedAt'] != null
  if (isDeleted !== (seeingVerb(verb) === 'read-deleted'))
    return `refused: ${code}, since the record is ${isDeleted ? 'deleted' : 'not deleted'}`
  return `refused: ${code}, since the actor may not see the record`
}

function explainRules(
  model: ResourceModel,
  verb: string,
  input: PolicyInput,
  record: HeldRecord | undefined,
): readonly ExplainedRule[] {
  const fields = model.fieldsByName
  const seen = record ?? {}
  return new Access(model, verb).explain(input, seen).map(({ guard, guardHolds, residual, recordHolds }) => ({
    verb,
    actor: {
      needs: describeCondition(guard, fields),
      holds: guardHolds,
      findings: guardHolds ? [] : explainCondition(guard, fields, input, seen),
    },
    record: {
      needs: describeCondition(residual, fields),
      holds: record === undefined && residual !== ALWAYS ? null : recordHolds,
      findings: record === undefined || recordHolds ? [] : explainCondition(residual, fields, input, seen),
    },
  }))
}

function fallbacks(model: ResourceModel): HeldRecord {
  return Object.fromEntries(model.fields.map(({ name, rules }) => [name, rules.fallback ?? null]))
}

function fieldsThat(model: ResourceModel, holds: (field: ResourceModel['fields'][number]) => boolean): readonly string[] {
  return model.fields.filter((field) => !field.isStandard && holds(field)).map(({ column }) => column)
}

function render({ verdict, actor, verb, on, rules, fields, isPermitted }: Explanation, terminal: Terminal): string {
  const { bold, dim, green } = terminal
  const part = (label: string, { needs, holds, findings }: ExplainedPart): readonly string[] => [
    `    ${holds === null ? '·' : holds ? green('✓') : '✗'} ${label} ${needs}`,
    ...findings.map((one) => dim(`        ${one.holds ? '✓' : '✗'} ${one.text}${one.found === '' ? '' : `: ${one.found}`}`)),
  ]
  const lines = rules.flatMap((rule, at) => [
    `  rule ${at + 1}, ${rule.verb}`,
    ...part('actor ', rule.actor),
    ...part('record', rule.record),
  ])
  return [
    `May ${bold(actor)} ${bold(verb)} ${bold(on)}?`,
    '',
    ...(lines.length === 0 ? [`  No rule permits ${verb}: it is refused to everybody`] : lines),
    '',
    `  fields not readable  ${fields.notReadable.join(', ') || 'none'}`,
    `  fields not writable  ${fields.notWritable.join(', ') || 'none'}`,
    '',
    isPermitted ? green(verdict) : bold(verdict),
  ].join('\n')
}
