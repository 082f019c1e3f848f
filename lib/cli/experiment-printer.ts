/** An experiment as text: the network, one line a step beside the classic command, a verdict for each claim. */
import { drawTopology } from '../lab/index.js'
import type {
  ClaimEvent,
  Experiment,
  ExperimentEvent,
  ExperimentReport,
  Narration,
  NarrationLanguage,
  StepEvent,
} from '../lab/index.js'
import { print, styled } from './output.js'
import { cells, wrapped } from './text-cells.js'

/** Terminal cells that a step's text gets before the classic command begins. */
const textCells = 68
const labelCells = 6
/** Explanations are wrapped there. */
const lineCells = 118
const indent = ' '.repeat(9)

const words = {
  en: {
    ...{ PASS: 'PASS', FAIL: 'FAIL', SKIP: 'SKIP' },
    ...{ path: 'path', seen: 'seen', why: 'why', found: 'found' },
    more: (count: number) => `… ${count} more`,
  },
  zh: {
    ...{ PASS: '通过', FAIL: '失败', SKIP: '跳过' },
    ...{ path: '路径', seen: '抓包', why: '原因', found: '实际' },
    more: (count: number) => `… 另有 ${count} 个`,
  },
} as const

const totals = {
  en: { passed: 'passed', failed: 'failed', skipped: 'skipped', seconds: 's' },
  zh: { passed: '通过', failed: '失败', skipped: '跳过', seconds: '秒' },
} as const

export class ExperimentPrinter {
  constructor(
    private readonly language: NarrationLanguage,
    private readonly explain: boolean,
  ) {}

  begin({ name, seed, title, topology, roles }: Experiment): void {
    print(styled('bold', `${name} (${seed}): ${title[this.language]}`))
    print('')
    for (const line of drawTopology(topology, roles)) print(`  ${line}`.trimEnd())
    print('')
  }

  event(event: ExperimentEvent): void {
    if (event.kind === 'step') return this.step(event)
    if (event.kind === 'claim') return this.claim(event)
    print(`${indent}${this.say(event.text)}`)
    for (const line of event.lines) print(`${indent}| ${line}`)
  }

  end({ name, passed, failed, skipped, error, elapsedMs }: ExperimentReport): void {
    if (error !== undefined) print(`${styled('red', words[this.language].FAIL)}  ${error.message}`)
    const seconds = (elapsedMs / 1000).toFixed(1)
    print('')
    const { passed: held, failed: not, skipped: left, seconds: unit } = totals[this.language]
    print(`${name}: ${passed} ${held}, ${failed} ${not}, ${skipped} ${left}, ${seconds} ${unit}`)
    print('')
  }

  private step({ number, text, classic }: StepEvent): void {
    const [first = '', ...others] = classic
    const line = `${String(number).padStart(2)}  ${this.say(text)}`
    const gap = textCells - cells(line)
    const commands = (gap > 0 ? [] : [first]).concat(others)
    print(gap > 0 ? `${line}${' '.repeat(gap)}$ ${first}` : line)
    for (const command of commands) print(`${' '.repeat(textCells)}$ ${command}`)
  }

  private claim(claim: ClaimEvent): void {
    const { PASS, FAIL, SKIP, ...labels } = words[this.language]
    const colour = { passed: 'green', failed: 'red', skipped: 'yellow' } as const
    const verdict = { passed: PASS, failed: FAIL, skipped: SKIP }[claim.verdict]
    print(`    ${styled(colour[claim.verdict], verdict)} ${this.say(claim.text)}`)
    if (claim.path !== undefined) this.detail(labels.path, this.say(claim.path))
    claim.seen.forEach((line, index) => this.detail(index === 0 ? labels.seen : '', line))
    if (claim.unseen > 0) this.detail('', labels.more(claim.unseen))
    if (claim.reason !== undefined) this.detail(labels.found, this.say(claim.reason))
    if (claim.detail !== undefined) this.detail(labels.found, claim.detail)
    if (this.explain && claim.why !== undefined) this.detail(labels.why, this.say(claim.why))
  }

  private detail(label: string, text: string): void {
    const [first = '', ...others] = wrapped(text, lineCells - indent.length - labelCells)
    print(`${indent}${label}${' '.repeat(Math.max(1, labelCells - cells(label)))}${first}`)
    for (const line of others) print(`${indent}${' '.repeat(labelCells)}${line}`)
  }

  private say(text: Narration): string {
    return text[this.language]
  }
}
