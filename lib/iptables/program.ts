/**
 * Runs iptables-save and iptables-restore: by argument vector, never through a shell, in the director's namespace.
 * Which of the two variants (legacy or nft) the host uses is found out once.
 */
import { DirectorError, UnsupportedFeatureError } from '../errors.js'
import type { IptablesChange } from './diff.js'
import type { Ownership } from './ownership.js'
import { parseSave } from './parse-save.js'
import { restoreText } from './restore-text.js'
import { type Finished, runToEnd } from './run-program.js'
import type { IpFamily, IptablesState } from './types.js'

export interface IptablesOptions {
  /** Path of a network namespace. @default the caller's own */
  readonly netns?: string | undefined
  /** @default what the host's `iptables` is, or the other where that one does not work on this kernel */
  readonly variant?: 'legacy' | 'nft' | undefined
}

/** Seconds to wait for another program that holds the lock of the legacy variant. */
const lockSeconds = 5

/** As long as a set's name may be. */
const nobodysSet = 'ipvs-director-asks-for-set-match'.slice(0, 31)

/** One family's iptables. */
export class Iptables {
  #prefix: string | undefined
  #version: string | undefined
  /** As of the moment when the prefix was found. */
  #setMatch: { readonly problem: string | undefined } | undefined

  constructor(
    readonly family: IpFamily,
    private readonly options: IptablesOptions = {},
  ) {}

  /** Chains that are ours and jumps to them. @throws `ERR_UNSUPPORTED_FEATURE`, `ERR_IPTABLES` */
  async read(ours: Ownership): Promise<IptablesState> {
    return parseSave(await this.#run('save', []), ours)
  }

  /** Each table is changed as a whole or not at all. @throws `ERR_UNSUPPORTED_FEATURE`, `ERR_IPTABLES` */
  async write(change: IptablesChange): Promise<void> {
    await this.#run('restore', ['-w', String(lockSeconds), '--noflush'], restoreText(change))
  }

  /**
   * Why rules cannot ask sets; `undefined`: they can. Tried with a set that nobody has: nothing is written, and the kernel
   * loads the match where it is a module. @throws `ERR_UNSUPPORTED_FEATURE`
   */
  async whyNoSetMatch(): Promise<string | undefined> {
    const prefix = await this.#findPrefix()
    // What was just found out beside the prefix; another time the kernel may have got the match.
    const setMatch = this.#setMatch
    this.#setMatch = undefined
    return setMatch === undefined ? this.#setMatchProblem(prefix) : setMatch.problem
  }

  /** `'1.8.9'`. @throws `ERR_UNSUPPORTED_FEATURE` */
  async version(): Promise<string> {
    const prefix = await this.#findPrefix()
    // The same in every namespace: nobody has to go there.
    this.#version ??= versionIn((await runToEnd([prefix, '--version']))?.output ?? '') ?? ''
    return this.#version
  }

  async #run(what: 'save' | 'restore', args: readonly string[], input?: string): Promise<string> {
    const program = `${await this.#findPrefix()}-${what}`
    const { code, output, errors } = await this.#start(program, args, input)
    if (code === 0) return output
    throw new DirectorError(`${program}: ${firstLine(errors)} (exit code ${code})`, {
      code: 'ERR_IPTABLES',
      operation: what === 'save' ? 'readRules' : 'writeRules',
      kernelMessage: errors.trim(),
    })
  }

  /** The host's own choice first; a kernel without nf_tables makes its nft variant fail, and the other works. */
  async #findPrefix(): Promise<string> {
    if (this.#prefix !== undefined) return this.#prefix
    const base = this.family === 'inet' ? 'iptables' : 'ip6tables'
    const { variant } = this.options
    const candidates =
      variant === undefined ? [base, `${base}-legacy`, `${base}-nft`] : [`${base}-${variant}`]
    const reasons: string[] = []
    for (const candidate of candidates) {
      const reason = await this.#whyUnusable(candidate)
      if (reason === undefined) return (this.#prefix = candidate)
      reasons.push(`${candidate}: ${reason}`)
    }
    throw new UnsupportedFeatureError(
      base,
      reasons.join('; '),
      'install iptables, and run as root on a kernel with ip_tables or nf_tables',
    )
  }

  /** Asked of the kernel, which nothing is written to; one question tells of the tables, of sets and the version. */
  async #whyUnusable(candidate: string): Promise<string | undefined> {
    try {
      const problem = await this.#setMatchProblem(candidate)
      const unusable = problem === undefined ? undefined : await this.#whyRefused(candidate, bothTables(''))
      if (unusable !== undefined) return firstLine(unusable)
      this.#setMatch = { problem }
      return undefined
    } catch (error) {
      if (error instanceof UnsupportedFeatureError) return error.reason
      if (error instanceof DirectorError) return error.message
      throw error
    }
  }

  async #setMatchProblem(prefix: string): Promise<string | undefined> {
    // For IPv4 the first revision of the match is assumed to be there, which does not know this option.
    const rule = `-I INPUT -m set --return-nomatch --match-set ${nobodysSet} dst\n`
    const errors = await this.#whyRefused(prefix, bothTables(rule))
    if (errors !== undefined) this.#version = versionIn(errors)
    return errors === undefined ? undefined : setMatchProblem(errors)
  }

  async #whyRefused(prefix: string, text: string): Promise<string | undefined> {
    const args = ['-w', String(lockSeconds), '--noflush', '--test']
    const { code, errors } = await this.#start(`${prefix}-restore`, args, text)
    return code === 0 ? undefined : errors
  }

  async #start(program: string, args: readonly string[], input?: string): Promise<Finished> {
    const finished = await runToEnd([program, ...args], { netns: this.options.netns, input })
    if (finished !== undefined) return finished
    throw new UnsupportedFeatureError(program, 'not installed', 'install iptables')
  }
}

/** That the set is not there is what the match itself finds out: then there is one. */
export function setMatchProblem(errors: string): string | undefined {
  return /Set \S+ doesn't exist/.test(errors) ? undefined : firstLine(errors)
}

/** Both tables that we need, with a rule in the second. */
function bothTables(rule: string): string {
  return `*nat\nCOMMIT\n*filter\n${rule}COMMIT\n`
}

/** As programs name themselves in front of what they say. */
function versionIn(text: string): string | undefined {
  return /v(\d+(?:\.\d+)*)/.exec(text)?.[1]
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0] ?? ''
}
