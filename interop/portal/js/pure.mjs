// bcrypto without what it would have to compile. It reads this when it is loaded, so
// this comes before whatever imports it.
process.env.NODE_BACKEND = 'js'
