// Some js-libp2p nodes in one process, for the tests of this module.
//
//   node nodes.mjs COUNT strict|none HEARTBEAT_MS
//
// The first line of standard output is {"ready": [{"peer", "addrs"}, …]}. Then every
// line of standard input is a request {"id", "n", "do", …} to node n:
//
//   dial {addr} · publish {topic, data} · follow {topic} · leave {topic}
//   look {topic}: {"peers", "mesh", "streams"} · stop
//
// answered by {"id", …} or {"id", "error"}. What a node receives is
// {"n", "from", "topic", "data"}; data is text.

import './node20.mjs'
import { createInterface } from 'node:readline'
import { createHash } from 'node:crypto'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { gossipsub, StrictSign, StrictNoSign } from '@libp2p/gossipsub'
import { multiaddr } from '@multiformats/multiaddr'

const [count, sign, heartbeat] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

// Message IDs as the rest of the network makes them: the default of js starts with
// the key's message, not with the peer ID.
function signedID (m) {
  const id = Buffer.alloc(8)
  id.writeBigUInt64BE(m.sequenceNumber)
  return Buffer.concat([m.from.toMultihash().bytes, id])
}

const contentID = (m) => createHash('sha256').update(m.data).digest()

async function start (n) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // All of us are at one address: limits of one address are off, here and below.
    connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: sign === 'none' ? StrictNoSign : StrictSign,
        msgIdFn: sign === 'none' ? contentID : signedID,
        heartbeatInterval: heartbeat,
        mcacheLength: 24,
        mcacheGossip: 12,
        emitSelf: true, // as the others
        allowPublishToZeroTopicPeers: true,
        Dlo: 5, // as the others; its default is 4
        unsubcribeBackoff: 1000, // as the tests of churn have it
        scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  })
  node.services.pubsub.addEventListener('gossipsub:message', ({ detail: { msg } }) => {
    say({ n, from: msg.from?.toString() ?? '', topic: msg.topic, data: Buffer.from(msg.data).toString() })
  })
  return node
}

const act = {
  dial: async (node, r) => { await node.dial(multiaddr(r.addr)) },
  publish: async (node, r) => { await node.services.pubsub.publish(r.topic, Buffer.from(r.data)) },
  follow: async (node, r) => { node.services.pubsub.subscribe(r.topic) },
  leave: async (node, r) => { node.services.pubsub.unsubscribe(r.topic) },
  look: async (node, r) => ({
    peers: node.services.pubsub.getSubscribers(r.topic).map(String),
    mesh: node.services.pubsub.getMeshPeers(r.topic),
    streams: Object.fromEntries([...node.services.pubsub.streamsOutbound].map(([p, s]) => [p, s.protocol]))
  }),
  stop: async (node) => { await node.stop() }
}

const nodes = await Promise.all(Array.from({ length: count }, (_, n) => start(n)))
say({ ready: nodes.map((node) => ({ peer: node.peerId.toString(), addrs: node.getMultiaddrs().map(String) })) })

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const r = JSON.parse(line)
  act[r.do](nodes[r.n], r).then(
    (out) => say({ id: r.id, ...out }),
    (err) => say({ id: r.id, error: String(err?.stack ?? err) })
  )
})
lines.on('close', () => process.exit(0))
