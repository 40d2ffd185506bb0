// Drives the dashboard of a real devnet in headless Chromium: the topology is
// drawn, a line typed in the page arrives at another node, and text that another
// node says is shown as text. The page of gossip shows meshes, scores and rates,
// that of sessions slots, hosts and bans, and that of content draws a lookup.
//
//   node dash.mjs BINARY [SCREENSHOT.png [GOSSIP.png [SESSIONS.png [CONTENT.png]]]]
//
// Exits 0 when all of it held. CHROMIUM names the browser if it is not Debian's.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { strict as assert } from 'node:assert';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [binary, screenshot, gossipShot, sessionShot, contentShot] = process.argv.slice(2);
assert(binary, 'usage: node dash.mjs BINARY [SCREENSHOT.png [GOSSIP.png [SESSIONS.png [CONTENT.png]]]]');
const browserPath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
assert(browserPath, 'no Chromium: install Debian\'s package chromium or set CHROMIUM');

const NODES = 8;
const WITHIN = 30_000; // milliseconds for each thing that must come true

function check(what) { console.log(`ok  ${what}`); }

// devnet starts a net and resolves with its dashboard and data folders.
function devnet() {
  const child = spawn(binary, ['devnet', '--nodes', String(NODES), '--dash', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const found = {};
  return new Promise((resolve, reject) => {
    child.once('exit', code => reject(new Error(`devnet ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', line => {
      found.page ??= line.match(/^dashboard: (\S+)/)?.[1];
      found.dir ??= line.match(/^data folders: (\S+)/)?.[1];
      if (line.startsWith('running')) resolve({ child, ...found });
    });
  });
}

async function eventually(what, holds) {
  for (const end = Date.now() + WITHIN; ;) {
    if (await holds()) return check(what);
    if (Date.now() > end) throw new Error(`not within ${WITHIN} ms: ${what}`);
    await new Promise(r => setTimeout(r, 100));
  }
}

const net = await devnet();
const say = (node, text) => execFileSync(binary, ['chat', 'lobby', '--data', `${net.dir}/node${node}`, '--say', text]);
const log = node => execFileSync(binary, ['chat', 'lobby', '--data', `${net.dir}/node${node}`, '--log'], { encoding: 'utf8' });
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let failed = null, follower = null;
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const complaints = [];
  page.on('pageerror', e => complaints.push(String(e)));
  page.on('console', m => { if (m.type() === 'error') complaints.push(m.text()); });
  await page.goto(net.page);

  await eventually(`the graph draws ${NODES} nodes and their links`, async () => {
    const graph = page.locator('#graph');
    return Number(await graph.getAttribute('data-nodes')) === NODES && Number(await graph.getAttribute('data-links')) >= NODES;
  });
  await eventually('the table names peers', async () => (await page.locator('#peers').innerText()).includes('libp2p'));

  for (const [i, text] of ['good morning', 'the mesh is up', 'seven peers here'].entries()) say(i + 2, text);
  await eventually('lines of other nodes are shown', async () => (await page.locator('#lines').innerText()).includes('seven peers here'));

  const mine = `typed in the page ${Date.now()}`;
  await page.fill('#line', mine);
  await page.click('#send');
  await eventually('a line typed in the page arrives at node5', async () => log(5).includes(mine));

  const hostile = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>\u202egnp.exe\u001b[31m';
  say(4, hostile);
  await eventually('hostile text is shown as text', async () => (await page.locator('#lines').innerText()).includes('<img src=x'));
  assert.equal(await page.evaluate(() => window.owned), undefined, 'the page ran what a line said');
  assert.equal(await page.locator('#lines img, #lines script').count(), 0, 'a line became markup');
  assert(!/[\u202e\u001b]/.test(await page.locator('#lines').innerText()), 'control characters reached the page');
  check('and nothing of it ran');
  if (screenshot) {
    await page.mouse.move(5, 500);
    await page.waitForTimeout(2000); // let the drawing settle
    await page.screenshot({ path: screenshot });
    check(`screenshot ${screenshot}`);
  }

  // The page of gossip, while another node follows a topic with a hostile name.
  const topic = '<img src=x onerror="window.owned=2">\u202e\u001b[31m';
  follower = spawn(binary, ['sub', topic, '--data', `${net.dir}/node3`], { stdio: 'ignore' });
  await page.click('#page-gossip');
  await eventually('the topics say who is in their meshes', async () =>
    await page.locator('#topics tr.topic').count() >= 2 && await page.locator('#topics .members .chip').count() >= 3);
  await eventually('a hostile topic is shown as text', async () => (await page.locator('#topics').innerText()).includes('<img src=x'));
  assert.equal(await page.locator('#topics img').count(), 0, 'a topic became markup');
  assert.equal(await page.evaluate(() => window.owned), undefined, 'the page ran what a topic is called');
  assert(!/[\u202e\u001b]/.test(await page.locator('#topics').innerText()), 'control characters reached the page');
  check('and nothing of it ran');
  await eventually('the scores are drawn, part by part', async () => {
    const rows = page.locator('#scores li[data-score]');
    return await rows.count() >= 3 && await page.locator('#scores .plus .part').count() >= 3 &&
      await rows.first().getAttribute('data-standing') === 'good';
  });
  const order = await page.locator('#scores li[data-score]').evaluateAll(all => all.map(e => Number(e.dataset.score)));
  assert.deepEqual(order, order.toSorted((a, b) => a - b), 'the worst score is not first');
  check('the worst first');
  const before = Number(await page.locator('#rates').getAttribute('data-received'));
  const talk = setInterval(() => say(2 + Math.floor(Math.random() * 6), `line ${Date.now()}`), 400);
  await eventually('the rates of messages move', async () =>
    Number(await page.locator('#rates').getAttribute('data-received')) > before + 3 && Number(await page.locator('#rates').getAttribute('data-rate')) > 0);
  assert(await page.locator('#rates canvas').count() >= 2, 'no charts');
  check('and are drawn');
  await eventually('what was counted is listed', async () => /RPCs in, out\s+\d+/.test(await page.locator('#counted').innerText()));
  if (gossipShot) {
    await page.waitForTimeout(15000); // let the charts fill
    await page.screenshot({ path: gossipShot });
    check(`screenshot ${gossipShot}`);
  }
  clearInterval(talk);

  // The page of sessions: slots with what they are for, hosts by colour, bans.
  execFileSync(binary, ['ban', '192.0.2.77', '--data', `${net.dir}/node1`]);
  await page.click('#page-sessions');
  await eventually('the slots say what each does', async () => /refine/.test(await page.locator('#slot-table').innerText()));
  const all = await page.locator('#hosts-all').innerText();
  await eventually('the hosts are listed', async () => await page.locator('#hosts tbody tr').count() === NODES - 1);
  assert.match(all, /^all \d+$/);
  await page.click('#hosts-black');
  await eventually('by colour', async () => await page.locator('#hosts tbody tr').count() === 0 && (await page.locator('#hosts-at').innerText()) === '0–0 of 0');
  await page.click('#hosts-all');
  await eventually('with their counts', async () => (await page.locator('#hosts-at').innerText()) === `1–${NODES - 1} of ${NODES - 1}`);
  await eventually('a ban is listed', async () => (await page.locator('#bans').innerText()).includes('192.0.2.77/32'));
  assert.equal(await page.locator('#hosts img, #slot-table img, #hosts script').count(), 0, 'a host became markup');
  if (sessionShot) {
    await page.screenshot({ path: sessionShot });
    check(`screenshot ${sessionShot}`);
  }

  // The page of content: the networks, and the way to a file that another node has put.
  const id = execFileSync(binary, ['put', '-', '--data', `${net.dir}/node5`], { encoding: 'utf8', input: 'the tide turns', stdio: ['pipe', 'pipe', 'ignore'] }).trim();
  spawnSync(binary, ['content', 'rm', id, '--data', `${net.dir}/node1`]); // it may have been offered to the page's node
  await page.click('#page-content');
  await eventually('the networks are listed', async () => /blob/.test(await page.locator('#networks').innerText()));
  await page.fill('#content-id', id);
  await page.click('#look');
  await eventually('a lookup is drawn hop by hop', async () => Number(await page.locator('#hops').getAttribute('data-hops')) >= 1 && /found/.test(await page.locator('#looked').innerText()));
  if (contentShot) {
    await page.screenshot({ path: contentShot });
    check(`screenshot ${contentShot}`);
  }
  await page.fill('#content-id', '0x' + '5f'.repeat(32));
  await page.click('#look');
  await eventually('what is nowhere is said to be', async () => (await page.locator('#looked').innerText()) === 'not found');
  await page.click('#page-node');
  await eventually('and back to the node', async () => await page.locator('#graph').count() === 1);
  assert.deepEqual(complaints, [], 'the browser complained');
} catch (e) {
  failed = e;
} finally {
  follower?.kill('SIGINT');
  await browser.close();
  net.child.removeAllListeners('exit');
  net.child.kill('SIGINT');
  await new Promise(r => net.child.once('exit', r));
}
if (failed) {
  console.error(failed);
  process.exit(1);
}
