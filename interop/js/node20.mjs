// What js-libp2p takes for granted and Node.js 20 has not; 22 has it.
Promise.withResolvers ??= function () {
  const out = {}
  out.promise = new this((resolve, reject) => Object.assign(out, { resolve, reject }))
  return out
}
