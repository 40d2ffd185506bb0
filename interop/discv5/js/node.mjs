// A node of @chainsafe/discv5 on loopback, for the tests of this module.
//
//   node node.mjs KEY PORT
//
// KEY is a secp256k1 key of 32 bytes in hex, PORT of UDP, 0 for any. The first line of
// standard output is {"record", "port"}. Then every line of standard input is a request
// {"id", "do", …}:
//
//   add {record} · ping {record}: {"seq", "ip", "port"} · findnode {record, distances}: {"records"}
//   lookup {target}: {"records"} · known: {"records"} · talk {record, protocol, body}: {"body"}
//   set {key, value}: {"record"}
//
// answered by {"id", …} or {"id", "error"}; bodies are hex. It answers TALK requests of
// the protocol "echo" with what they say, others with nothing.

import { createInterface } from 'node:readline'
import { Discv5 } from '@chainsafe/discv5'
import { ENR, SignableENR } from '@chainsafe/enr'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'

const [key, port] = [Buffer.from(process.argv[2], 'hex'), Number(process.argv[3])]
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

const privateKey = privateKeyFromRaw(key)
const enr = SignableENR.createFromPrivateKey(privateKey)
enr.ip = '127.0.0.1'
const node = Discv5.create({
  enr,
  privateKey,
  bindAddrs: { ip4: multiaddr(`/ip4/127.0.0.1/udp/${port}`) },
  config: { pingInterval: 1000 } // its default is five minutes
})
node.on('talkReqReceived', (from, _, m) => {
  const known = Buffer.from(m.protocol).toString() === 'echo'
  node.sendTalkResp(from, m.id, known ? m.request : new Uint8Array())
})
await node.start()
const at = node.sessionService.transport.ip4.socket.address().port
enr.udp = at

const records = (all) => ({ records: all.map((r) => r.encodeTxt()) })

const act = {
  add: async (r) => { node.addEnr(r.record) },
  ping: async (r) => {
    const pong = await node.sendPing(ENR.decodeTxt(r.record))
    return { seq: Number(pong.enrSeq), ip: Array.from(pong.addr.ip.octets).join('.'), port: pong.addr.port }
  },
  findnode: async (r) => records(await node.sendFindNode(ENR.decodeTxt(r.record), r.distances)),
  lookup: async (r) => records(await node.findNode(r.target)),
  known: async () => records(node.kadValues()),
  talk: async (r) => {
    const got = await node.sendTalkReq(ENR.decodeTxt(r.record), Buffer.from(r.body, 'hex'), r.protocol)
    return { body: Buffer.from(got).toString('hex') }
  },
  set: async (r) => {
    enr.set(r.key, Buffer.from(r.value, 'hex'))
    return { record: enr.encodeTxt() }
  }
}

say({ record: enr.encodeTxt(), port: at })

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const r = JSON.parse(line)
  act[r.do](r).then(
    (out) => say({ id: r.id, ...out }),
    (err) => say({ id: r.id, error: String(err?.stack ?? err) })
  )
})
lines.on('close', () => process.exit(0))
