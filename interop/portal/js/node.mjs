// A Portal client (portalnetwork, the library of Ultralight) on loopback, for the tests of
// this module.
//
//   node node.mjs PROTOCOL
//
// It takes part in its history network, 0x500b, and in a second one of the same kind of
// content under the protocol ID PROTOCOL. The first line of standard output is {"record"}.
// Then every line of standard input is a request {"id", "net", "do", …} about the network
// net:
//
//   meet {record}                     the node is in its table from now on
//   ping {record}: {"seq"}            0 when there was no pong
//   findnodes {record, distances}: {"records"}
//   findcontent {node, key}: {"form", "value" | "records"}
//   offer {node, keys}: {"taken"}     of each key whether it was wanted
//   put {key, value} · get {key}: {"value"}
//
// answered by {"id", …} or {"id", "error"}; keys and values are hex. What it stores that
// came from others is {"key", "value"}; faults in its own handlers are {"fault"}.

import './pure.mjs'
import { createInterface } from 'node:readline'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { ENR, SignableENR } from '@chainsafe/enr'
import { createSecp256k1PeerId } from '@libp2p/peer-id-factory'
import { multiaddr } from '@multiformats/multiaddr'
import { FoundContent, HistoryNetwork, NetworkId, PortalNetwork, TransportLayer } from 'portalnetwork'

const second = process.argv[2]
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const hex = (b) => Buffer.from(b).toString('hex')
const raw = (s) => Uint8Array.from(Buffer.from(s, 'hex'))

// Its handlers are not waited for: what they throw would end the process.
process.on('unhandledRejection', (err) => say({ fault: String(err?.message ?? err) }))

const peerId = await createSecp256k1PeerId()
const enr = SignableENR.createFromPeerId(peerId)
enr.ip = '127.0.0.1'
const dataDir = mkdtempSync(tmpdir() + '/portal-js-') // its size is asked for; it stays empty
process.on('exit', () => rmdirSync(dataDir))
const node = await PortalNetwork.create({
  config: {
    enr,
    peerId,
    bindAddrs: { ip4: multiaddr('/ip4/127.0.0.1/udp/0') },
    // discv5's defaults: with the client's own a session ends after 3 s, and with it the
    // answers that it has on their way.
    config: { allowUnverifiedSessions: true, enrUpdate: false }
  },
  transport: TransportLayer.NODE,
  dataDir,
  supportedNetworks: [NetworkId.HistoryNetwork, second],
  radius: 2n ** 256n - 1n
})
const other = new HistoryNetwork(node, 2n ** 256n - 1n)
other.networkId = second
node.networks.set(second, other)
for (const net of node.networks.values()) {
  net.gossipManager.add = () => {} // what it tells whom is the test's matter
  net.on('ContentAdded', (hash, type, value) => {
    say({ key: type.toString(16).padStart(2, '0') + hash.slice(2), value: hex(value) })
  })
}
await node.start()
enr.udp = node.discv5.sessionService.transport.ip4.socket.address().port

const records = (all) => ({ records: all.map((r) => ENR.decode(r).encodeTxt()) })

const act = {
  meet: async (net, r) => { net.updateRoutingTable(ENR.decodeTxt(r.record)) },
  ping: async (net, r) => ({ seq: Number((await net.sendPing(r.record))?.enrSeq ?? 0) }),
  findnodes: async (net, r) => records((await net.sendFindNodes(r.record, r.distances))?.enrs ?? []),
  findcontent: async (net, r) => {
    const got = await net.sendFindContent(r.node, raw(r.key))
    if (got === undefined) throw new Error('no answer')
    const form = FoundContent[got.selector]
    return got.selector === FoundContent.ENRS ? { form, ...records(got.value) } : { form, value: hex(got.value) }
  },
  offer: async (net, r) => {
    const got = await net.sendOffer(r.node, r.keys.map(raw))
    if (got === undefined) throw new Error('no answer')
    return { taken: Array.isArray(got) ? r.keys.map(() => false) : got.toBoolArray() }
  },
  put: async (net, r) => { net.put(net.networkId, '0x' + r.key, '0x' + r.value) },
  get: async (net, r) => ({ value: ((await net.retrieve('0x' + r.key)) ?? '0x').slice(2) })
}

say({ record: enr.encodeTxt() })

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const r = JSON.parse(line)
  act[r.do](node.networks.get(r.net), r).then(
    (out) => say({ id: r.id, ...out }),
    (err) => say({ id: r.id, error: String(err?.stack ?? err) })
  )
})
lines.on('close', () => process.exit(0))
