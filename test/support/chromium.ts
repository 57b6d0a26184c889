/**
 * Debian's Chromium, driven by playwright-core, where it is installed; in continuous integration there must be one. It
 * starts with a profile of its own and asks nobody but the pages it is told to open.
 */
import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

/** Where there is none, tests of it are skipped; never in continuous integration. */
export const hasChromium: boolean = pathOf() !== undefined || process.env['CI'] === 'true';

function pathOf(): string | undefined {
	try {
		return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], {
			encoding: 'utf8',
		}).trim();
	} catch {
		return undefined;
	}
}

/** Rejects where there is none. */
export function launchChromium(): Promise<Browser> {
	const executablePath = pathOf();
	if (executablePath === undefined) throw new Error('chromium is not installed');
	return chromium.launch({
		executablePath,
		headless: true,
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
}
