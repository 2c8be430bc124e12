// Takes the pictures of a job: node shoot.mjs JOB.json RESULT.json. The job is written by dashboards/pictures.py.

import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import UPNG from 'upng-js';

const COLOURS = 256; // a palette makes a file about a third as large

const [jobFile, resultFile] = process.argv.slice(2);
const job = JSON.parse(await readFile(jobFile, 'utf8'));
const timeout = job.timeoutSeconds * 1000;
const browser = await chromium.launch({ executablePath: job.chromium, args: job.flags, timeout });
try {
  const results = [];
  for (const picture of job.pictures) {
    results.push(await take(picture));
  }
  await writeFile(resultFile, JSON.stringify(results));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}

// Takes the first screen, and the whole page with all rows open if that shows more. Returns the status of each panel.
async function take({ name, url, file, wholeFile }) {
  const { width, height } = job.screen;
  const context = await browser.newContext({ viewport: { width, height }, timezoneId: 'UTC' });
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  const crashes = [];
  page.on('pageerror', (error) => crashes.push(String(error)));
  try {
    await page.goto(url);
    let status = await settled(page, crashes);
    await shoot(page, file);
    await page.evaluate(() => window.drawing.expandRows());
    const wholeHeight = await page.evaluate(heightOfBoard);
    const isLonger = wholeHeight > height;
    if (isLonger) {
      await page.setViewportSize({ width, height: wholeHeight });
      status = await settled(page, crashes);
      await shoot(page, wholeFile);
    }
    return { name, isLonger, ...status, errors: [...status.errors, ...crashes] };
  } catch (error) {
    throw new Error(`${name}: ${error.message}`);
  } finally {
    await context.close();
  }
}

// Waits until every variable, annotation and panel has its answer and is drawn.
async function settled(page, crashes) {
  try {
    const isDone = () => window.drawing?.status().waitsFor.length === 0;
    await page.waitForFunction(isDone);
  } catch (error) {
    const waitsFor = await page.evaluate(() => window.drawing?.status().waitsFor).catch(() => undefined);
    throw new Error([error.message.split('\n')[0], ...crashes, ...(waitsFor ?? ['the page'])].join('\n'));
  }
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame++) { // React, then uPlot, then the canvas
      await new Promise(requestAnimationFrame);
    }
  });
  return page.evaluate(() => window.drawing.status());
}

async function shoot(page, file) {
  const { width, height, ...image } = UPNG.decode(await page.screenshot({ animations: 'disabled' }));
  const [pixels] = UPNG.toRGBA8({ width, height, ...image });
  await writeFile(file, Buffer.from(UPNG.encode([pixels], width, height, COLOURS)));
}

// In the page: the lowest edge of a panel, and the padding below.
function heightOfBoard() {
  const edges = [...document.querySelectorAll('.react-grid-item')].map((item) => item.getBoundingClientRect().bottom);
  return Math.ceil(Math.max(...edges) + window.scrollY + 16);
}
