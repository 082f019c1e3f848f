/** Thresholds: how many connections close a server to new ones, and how few open it again. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { defineExperiment, directorNetwork } from 'ipvs-director'

const dns = { protocol: 'udp', address: '10.1.0.100', port: 53 } as const
const url = 'udp://10.1.0.100:53'
const server = '-u 10.1.0.100:53 -r 10.2.0.11:53 -m'

export default defineExperiment({
  name: 'thresholds',
  seed: '003',
  title: {
    en: 'Thresholds (-x, -y): how many connections close a server, and how few open it again',
    zh: '连接数上下限（-x、-y）：达到多少不再接受，少于多少重新接受',
  },
  topology: directorNetwork({ backends: [{ protocol: 'udp', port: 53 }] }),
  roles: {
    '10.1.0.2': 'CIP',
    '10.1.0.1': 'DIP',
    '10.1.0.100': 'VIP',
    '10.2.0.11': 'RIP',
    '10.2.0.12': 'RIP',
  },
  record: ['rs1', 'rs2'],

  async run(trial) {
    const { ipvs } = await trial.kernel('director')

    await trial.step(
      {
        en: 'rs1 is to take three connections at most, and again when it has fewer than two; rs2 has no limits',
        zh: 'rs1 最多三个连接，少于两个时重新接受；rs2 不限制',
        classic: [
          'ipvsadm -A -u 10.1.0.100:53 -s rr',
          `ipvsadm -a ${server} -x 3 -y 2`,
          'ipvsadm -a -u 10.1.0.100:53 -r 10.2.0.12:53 -m',
        ],
      },
      async () => {
        await ipvs.addService({ ...dns, scheduler: 'rr' })
        await ipvs.addServer(dns, limited(3, 2))
        await ipvs.addServer(dns, { address: '10.2.0.12', port: 53, forwarding: 'masquerade' })
      },
    )
    await trial.works('client', url, {
      en: 'Four requests are shared as ever, and leave two connections at each server',
      zh: '四个请求照常轮流分配，每个 RS 各留下两个连接',
      servers: ['rs1', 'rs2'],
      why: {
        en: 'UDP says nothing of its end: to IPVS a request is a connection until it has heard nothing of it for 300 s.',
        zh: 'UDP 没有结束标志：每个请求都算一个连接，300 秒没有报文才被遗忘。',
      },
    })
    await forgetSoon()
    await trial.works('client', url, {
      en: 'Two more: rs1 has its three',
      zh: '再来两个：rs1 达到三个',
      servers: ['rs1', 'rs2'],
      requests: 2,
    })
    await onlyRs2({
      en: 'rs1 is full, and takes no more',
      zh: 'rs1 已满，不再接受',
      why: {
        en: 'At the upper threshold IPVS marks the server as overloaded, and no scheduler looks at it.',
        zh: '达到上限时 IPVS 给 RS 加上过载标记，所有调度算法都跳过它。',
      },
    })
    await remaining(2, {
      en: 'The third connection is forgotten: rs1 has two, one less than the upper threshold',
      zh: '第三个连接被遗忘：rs1 只有两个，比上限少一个',
    })
    await onlyRs2({
      en: 'It still takes none',
      zh: '仍然不接受',
      why: {
        en: 'The mark goes when there are fewer connections than the lower threshold, and two are not fewer than two.',
        zh: '连接数少于下限时才去掉标记；两个并不少于两个。',
      },
    })
    await trial.step(
      {
        en: 'Raise both, to four; new connections stay for long again',
        zh: '上下限都改为四；新连接重新保留 300 秒',
        classic: [`ipvsadm -e ${server} -x 4 -y 4`, 'ipvsadm --set 0 0 300'],
      },
      async () => {
        await ipvs.updateServer(dns, limited(4, 4))
        await ipvs.setTimeouts({ udpSeconds: 300 })
      },
    )
    await trial.works('client', url, {
      en: 'A greater limit opens rs1 at once; it has three connections now',
      zh: '提高上限立即生效：rs1 重新应答，现在有三个连接',
      servers: ['rs1', 'rs2'],
      requests: 2,
    })
    await forgetSoon()
    await trial.works('client', url, {
      en: 'Two more: rs1 has its four',
      zh: '再来两个：rs1 达到四个',
      servers: ['rs1', 'rs2'],
      requests: 2,
    })
    await remaining(3, { en: 'The fourth is forgotten', zh: '第四个连接被遗忘' })
    await trial.works('client', url, {
      en: 'Three are fewer than four: rs1 takes the next',
      zh: '三个少于下限四：rs1 接受新的连接',
      servers: ['rs1', 'rs2'],
      requests: 2,
    })

    function forgetSoon(): Promise<void> {
      return trial.step(
        {
          en: 'From now on a UDP connection is forgotten after a second',
          zh: '此后的 UDP 连接一秒后被遗忘',
          classic: 'ipvsadm --set 0 0 1',
        },
        () => ipvs.setTimeouts({ udpSeconds: 1 }),
      )
    }

    function onlyRs2(claim: Pick<Parameters<typeof trial.works>[2], 'en' | 'zh' | 'why'>): Promise<void> {
      return trial.works('client', url, { ...claim, servers: ['rs2'], requests: 3 })
    }

    /** Waits for the kernel to forget: it tells nobody when it does. */
    async function remaining(count: number, claim: Parameters<typeof trial.holds>[0]): Promise<void> {
      await trial.holds(claim, async () => {
        for (let round = 0; round < 100 && (await connections()) > count; round++) await delay(100)
        assert.equal(await connections(), count)
      })
    }

    async function connections(): Promise<number> {
      const servers = await ipvs.servers(dns)
      return servers.find(({ address }) => address === '10.2.0.11')?.inactiveConnections ?? 0
    }
  },
})

function limited(upperThreshold: number, lowerThreshold: number) {
  return { address: '10.2.0.11', port: 53, forwarding: 'masquerade', upperThreshold, lowerThreshold } as const
}
