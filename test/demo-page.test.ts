/** The demo's page in a real browser: every button, and what it shows. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { serveDemo } from '#cli/demo/serve';
import { hasChromium, launchChromium } from './support/chromium.ts';

const silent = { info() {}, warn() {}, error() {} };

describe.skipIf(!hasChromium)('the page of the demo', () => {
	test('log in, read, write, be refused without the header, log out', { timeout: 60_000 }, async () => {
		const demo = await serveDemo({ freePorts: true, log: silent, onAudit() {} });
		onTestFinished(() => demo.stop());
		const browser = await launchChromium();
		onTestFinished(() => browser.close());
		const page = await browser.newPage({ viewport: { width: 1200, height: 780 } });
		page.setDefaultTimeout(20_000);
		const received = (text: string) => page.locator('#received', { hasText: text }).waitFor();

		await page.goto(demo.page);
		await page.click('#read');
		await received('401');
		await page.click('#login');
		await page.fill('input[name=name]', 'ada');
		await page.click('button');
		await page.waitForURL(demo.page);
		await page.locator('#held', { hasText: '"subject": "user|ada"' }).waitFor();
		await page.click('#forge');
		await received('403');
		await page.click('#write');
		await received('"method": "POST"');
		await page.click('#read');
		await received('"method": "GET"');
		const shown = await page.innerText('#received');
		expect(shown).toContain('"x-user-id": "user|ada"');
		expect(shown).not.toMatch(/authorization|"cookie"|eyJ/i);
		expect(await page.innerText('#held')).toContain('"document.cookie": ""');
		// The picture of the guide: COUNTERSIGN_PICTURE=docs/images/browser-session-demo.png.
		const picture = process.env['COUNTERSIGN_PICTURE'];
		if (picture !== undefined) await page.screenshot({ path: picture });

		await page.click('#logout');
		await page.click('button');
		await page.waitForURL(demo.page);
		await page.click('#read');
		await received('401');
	});
});
