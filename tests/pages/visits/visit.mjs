// Visits pages as different readers do: node visit.mjs JOB.json RESULT.json. The job is written by tests/pages/visiting.py.

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const COLOURS = 256; // a palette makes a file about a third as large
const MOST_STOPS = 500;

const [jobFile, resultFile] = process.argv.slice(2);
const job = JSON.parse(await readFile(jobFile, 'utf8'));
const require = createRequire(`${job.packages}/`);
const { chromium } = require('playwright-core');
const UPNG = require('upng-js');
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

const timeout = job.timeoutSeconds * 1000;
const browser = await chromium.launch({ executablePath: job.chromium, args: job.flags, timeout });
try {
  const results = [];
  for (const visit of job.visits) {
    results.push(await visited(visit));
  }
  await writeFile(resultFile, JSON.stringify(results));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function visited({ url, width, height, scheme, language, file, tallest }) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale: language });
  const page = await context.newPage();
  page.setDefaultTimeout(timeout);
  const requests = [];
  const messages = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(String(error)));
  try {
    const { status } = await page.goto(url).then((response) => ({ status: response.status() }));
    if (file) {
      await shoot(page, file, tallest);
    }
    const shown = await page.evaluate(whatIsShown);
    const stops = await tabStops(page);
    await page.evaluate(axe); // not as a script of the page, which its policy forbids
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
    const places = ({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`);
    return { status, ...shown, stops, requests, messages, violations: violations.flatMap(places) };
  } catch (error) {
    throw new Error(`${url}: ${error.message}`);
  } finally {
    await context.close();
  }
}

// In the page.
function whatIsShown() {
  const { scrollWidth, clientWidth } = document.scrollingElement;
  const isWide = (element) => element.getBoundingClientRect().right > clientWidth + 0.5 && !element.childElementCount;
  return {
    language: document.documentElement.lang,
    title: document.title,
    text: document.body.innerText,
    background: getComputedStyle(document.body).backgroundColor,
    overflow: scrollWidth - clientWidth,
    wide: [...document.querySelectorAll('body *')].filter(isWide).map((element) => element.outerHTML),
    focusable: [...document.querySelectorAll('a[href], summary')].map((element) => element.outerHTML),
  };
}

// Goes through the page with the Tab key, until the focus leaves it.
async function tabStops(page) {
  const stops = [];
  while (stops.length < MOST_STOPS) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) {
        return null;
      }
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { top, bottom } = element.getBoundingClientRect();
      return {
        html: element.outerHTML,
        isOutlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        isOnScreen: bottom > 0 && top < window.innerHeight,
      };
    });
    if (stop === null) {
      return stops;
    }
    stops.push(stop);
  }
  throw new Error(`the focus does not leave the page after ${MOST_STOPS} stops`);
}

async function shoot(page, file, tallest) {
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  const clip = { x: 0, y: 0, width: page.viewportSize().width, height: Math.min(whole, tallest) };
  const { width, height, ...image } = UPNG.decode(await page.screenshot({ animations: 'disabled', fullPage: true, clip }));
  const [pixels] = UPNG.toRGBA8({ width, height, ...image });
  await writeFile(file, Buffer.from(UPNG.encode([pixels], width, height, COLOURS)));
}
