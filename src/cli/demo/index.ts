/** `countersign demo`: a tour with a real authorization server, a sample API and the gateway, then all three to play with. */
import type { Log } from '#core/index';
import type { AuditRecord } from '#observe/audit-record';
import { parseOptions } from '../usage.ts';
import { type DemoApplication, ordersApi, reader } from './applications.ts';
import { auditText, curlText, type Paint, paint, stepText, tokenText } from './print.ts';
import { type ServingDemo, serveDemo } from './serve.ts';
import { steps } from './steps.ts';
import { fetchToken } from './token-request.ts';
import { walk } from './tour.ts';

const help = `Usage: countersign demo [--exit] [--free-ports]

Starts an authorization server (127.0.0.1:9002), a login server (9003), a sample API (9001) and the gateway (8080) with
demo/gateway.yaml,
walks through requests that pass and requests that are refused, and keeps serving until Ctrl-C.

  --exit        ends after the tour; exit status 1 if any step went otherwise than told
  --free-ports  takes any free ports; also done where one of the usual ones is taken
`;

/** How long a record may be later than its answer, milliseconds. */
const recordPatience = 5000;

/** Resolves to the exit status. `write` receives what would go to standard output. */
export async function runDemo(
	args: readonly string[],
	write: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
	const { values } = parseOptions(args, { exit: { type: 'boolean' }, 'free-ports': { type: 'boolean' } }, false);
	if (values['help'] === true) {
		write(help);
		return 0;
	}
	const colours = paint(process.stdout.isTTY && process.env['NO_COLOR'] === undefined);
	const records = createMailbox<AuditRecord>();
	let onAudit: (record: AuditRecord) => void = (record) => records.put(record);
	const demo = await serveDemo({
		freePorts: values['free-ports'] === true,
		log: faultsOnly,
		onAudit: (record) => onAudit(record),
	});
	try {
		write(`${whereText(demo, colours)}\n`);
		const failed = await tour(demo, records.take, write, colours);
		if (values['exit'] === true) return failed === 0 ? 0 : 1;
		onAudit = (record) => write(auditText(record, colours));
		write(curlText(demo.gateway, demo.tokenEndpoint));
		await interrupted();
		write('\nstopped\n');
		return failed === 0 ? 0 : 1;
	} finally {
		await demo.stop();
	}
}

/** Gives the number of steps that went otherwise than told. */
async function tour(
	demo: ServingDemo,
	nextRecord: () => Promise<AuditRecord>,
	write: (text: string) => void,
	colours: Paint,
): Promise<number> {
	const { gateway, tokenEndpoint, apiRequests } = demo;
	write(tokenText(reader, ordersApi, tokenEndpoint, await fetchToken(tokenEndpoint, reader, ordersApi), colours));
	const tokens = new Map<string, string>();
	const token = async (application: DemoApplication, audience: string): Promise<string> => {
		const question = `${application.id} ${audience}`;
		const held = tokens.get(question) ?? (await fetchToken(tokenEndpoint, application, audience)).token;
		tokens.set(question, held);
		return held;
	};
	let failed = 0;
	for (const [index, step] of steps.entries()) {
		const outcome = await walk(step, { gateway, token, apiRequests, nextRecord });
		if (outcome.complaints.length > 0) failed += 1;
		write(stepText(index + 1, outcome, colours));
	}
	const good = steps.length - failed;
	write(`${(failed === 0 ? colours.good : colours.bad)(`${good} of ${steps.length} steps went as told`)}\n\n`);
	return failed;
}

function whereText(demo: ServingDemo, { strong }: Paint): string {
	const note = demo.adjusted ? ' (a copy of demo/gateway.yaml with free ports)' : '';
	return [
		`${strong('authorization server')}  ${demo.tokenEndpoint}`,
		`${strong('gateway')}               ${demo.gateway}`,
		`${strong('a page to log in')}      ${demo.page}`,
		`${strong('its configuration')}     ${demo.configFile}${note}`,
		'',
	].join('\n');
}

/** The tour shows what happens; beside it only trouble is worth a line. */
const faultsOnly: Log = {
	info() {},
	warn() {},
	error: (message, fields) => void process.stderr.write(`${message} ${JSON.stringify(fields ?? {})}\n`),
};

interface Mailbox<T> {
	readonly put: (item: T) => void;
	/** The next item, already there or still to come. */
	readonly take: () => Promise<T>;
}

function createMailbox<T>(): Mailbox<T> {
	const items: T[] = [];
	const waiting: ((item: T) => void)[] = [];
	return {
		put(item) {
			const taker = waiting.shift();
			if (taker === undefined) items.push(item);
			else taker(item);
		},
		take() {
			const item = items.shift();
			if (item !== undefined) return Promise.resolve(item);
			return new Promise((resolve, reject) => {
				const patience = setTimeout(() => reject(new Error('the gateway wrote no audit record')), recordPatience);
				waiting.push((late) => {
					clearTimeout(patience);
					resolve(late);
				});
			});
		},
	};
}

/** Resolves on Ctrl-C or SIGTERM; a second one ends the process at once. */
function interrupted(): Promise<void> {
	return new Promise((resolve) => {
		const end = () => {
			process.off('SIGINT', end);
			process.off('SIGTERM', end);
			resolve();
		};
		process.on('SIGINT', end);
		process.on('SIGTERM', end);
	});
}
