/** The topology's end of an agent. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { LabError } from '../errors.js'
import type { Answer, Orders, Refusal } from './protocol.js'

type Waiting = { resolve: (result: never) => void; reject: (error: Error) => void; what: string }

export class AgentProcess {
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0

  private constructor(
    private readonly namespace: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (answer: Answer) => this.settle(answer))
    child.once('exit', (code, signal) => this.failAll(`its agent ended (${signal ?? `exit code ${code}`})`))
    child.once('error', (error) => this.failAll(error.message))
  }

  /** @param path The namespace, such as `/run/netns/blue`. */
  static start(namespace: string, path: string): AgentProcess {
    const program = [`--net=${path}`, '--', process.execPath, join(__dirname, 'agent.js')]
    const child = spawn('nsenter', program, {
      // Nothing of a test runner or a profiler around us may leak into the agent.
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    return new AgentProcess(namespace, child)
  }

  ask<Name extends keyof Orders>(
    name: Name,
    argument: Orders[Name]['argument'],
    what: string,
  ): Promise<Orders[Name]['result']> {
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, what })
      if (this.child.connected) this.child.send({ id, name, argument })
      else this.failAll('its agent has ended')
    })
  }

  async stop(): Promise<void> {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return
    const exit = once(this.child, 'exit')
    if (this.child.connected) this.child.disconnect()
    await exit
  }

  private settle(answer: Answer): void {
    const waiting = this.waiting.get(answer.id)
    this.waiting.delete(answer.id)
    if ('result' in answer) waiting?.resolve(answer.result as never)
    else waiting?.reject(this.failed(waiting.what, answer.error))
  }

  private failAll(reason: string): void {
    for (const { reject, what } of this.waiting.values()) reject(this.failed(what, { message: reason }))
    this.waiting.clear()
  }

  private failed(what: string, refusal: Refusal): LabError {
    const cause = Object.assign(new Error(refusal.message), { code: refusal.code })
    const text = `${what} in namespace ${this.namespace}: ${refusal.message}`
    return new LabError(text, { code: 'ERR_LAB_REQUEST', cause })
  }
}
