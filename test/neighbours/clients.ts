/** Real clients, each of which says what it got wrong; an empty list: nothing. Bounded in number and time. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'undici';
import { WebSocket } from 'ws';
import { run } from '../../scripts/run-command.ts';
import { large } from './origins.ts';

export type Client = (url: string, folder: string) => Promise<string[]>;

/** Milliseconds for one command. */
const patience = 30_000;

/** Every kind of request that curl makes, each answer compared with what it asked. */
export const curl: Client = async (url, folder) => {
	const upload = join(folder, 'upload');
	const size = 2_000_000;
	await writeFile(upload, Buffer.alloc(size, 'u'));
	const asked: readonly (readonly [options: string[], path: string, expected: string])[] = [
		[[], '/echo/get', 'GET /echo/get 0'],
		[['--http1.0'], '/echo/old', 'GET /echo/old 0'],
		[['--http2'], '/echo/h2c', 'GET /echo/h2c 0'],
		[['--data-binary', 'x=1'], '/echo/post', 'POST /echo/post 3'],
		[['--data-binary', `@${upload}`], '/echo/large', `POST /echo/large ${size}`],
		[['-H', 'Expect: 100-continue', '--data-binary', `@${upload}`], '/echo/expect', `POST /echo/expect ${size}`],
		[['-T', upload], '/echo/put', `PUT /echo/put ${size}`],
		[['-H', 'Transfer-Encoding: chunked', '-T', upload], '/echo/chunked', `PUT /echo/chunked ${size}`],
		[['-X', 'DELETE'], '/echo/delete', 'DELETE /echo/delete 0'],
		[['--head', '-o', '/dev/null', '-w', '%{http_code}'], '/echo/head', '200'],
		[['-o', '/dev/null', '-w', '%{http_code} %{size_download}'], '/large', `200 ${large}`],
		[['--limit-rate', '4M', '-o', '/dev/null', '-w', '%{http_code} %{size_download}'], '/large', `200 ${large}`],
		[['-r', '0-9', '-o', '/dev/null', '-w', '%{http_code}'], '/large', '20'],
	];
	const wrong: string[] = [];
	for (const [options, path, expected] of asked) {
		const { status, output } = await run('curl', ['-sS', '-m', '20', ...options, url + path], { timeout: patience });
		if (status !== 0 || !output.startsWith(expected))
			wrong.push(`curl ${options.join(' ')} ${path}: ${output.slice(0, 200)}`);
	}
	// One connection for all of them.
	const many = Array.from({ length: 50 }, (_, index) => `${url}/echo/kept/${index}`);
	const { output } = await run('curl', ['-sS', '-m', '20', ...many], { timeout: patience });
	const expected = many.map((each) => `GET ${new URL(each).pathname} 0`).join('');
	if (output !== expected) wrong.push(`curl, 50 on one connection: ${output.slice(0, 200)}`);
	return wrong;
};

/** Pipelined and at the same time; no answer may be another's. */
export const undici: Client = async (url) => {
	const wrong: string[] = [];
	const pool = new Pool(url, { connections: 16, pipelining: 4, bodyTimeout: patience, headersTimeout: patience });
	const requests = Array.from({ length: 2_000 }, async (_, index) => {
		const isPost = index % 3 === 0;
		const body = isPost ? 'b'.repeat(index) : null;
		const path = `/echo/undici/${index}`;
		const { statusCode, body: answer } = await pool.request({ method: isPost ? 'POST' : 'GET', path, body });
		const expected = `${isPost ? 'POST' : 'GET'} ${path} ${isPost ? index : 0}`;
		const text = await answer.text();
		if (statusCode !== 200 || text !== expected) wrong.push(`undici ${path}: ${statusCode} ${text.slice(0, 100)}`);
	});
	for (const result of await Promise.allSettled(requests)) {
		if (result.status === 'rejected') wrong.push(`undici: ${String(result.reason)}`);
	}
	await pool.close();
	return wrong;
};

/** Twenty WebSockets at once, each hears its own messages back, one of them large. */
export const webSockets: Client = async (url) => {
	const one = (number: number): Promise<string[]> =>
		new Promise((resolve) => {
			const socket = new WebSocket(`${url.replace('http', 'ws')}/socket`, { perMessageDeflate: false });
			const messages = Array.from(
				{ length: 50 },
				(_, index) => `${number} ${index} ${'m'.repeat(index === 25 ? 1_000_000 : index)}`,
			);
			const late = setTimeout(() => finish('nothing more came'), patience);
			let heard = 0;
			const finish = (problem?: string): void => {
				clearTimeout(late);
				socket.terminate();
				resolve(problem === undefined ? [] : [`ws ${number}: ${problem}`]);
			};
			socket.on('open', () => {
				for (const message of messages) socket.send(message);
			});
			socket.on('message', (data: Buffer) => {
				if (data.toString() !== messages[heard]) finish(`message ${heard} is another’s`);
				heard += 1;
				if (heard === messages.length) finish();
			});
			socket.on('error', (error) => finish(error.message));
			socket.on('close', () => finish(`closed after ${heard} messages`));
		});
	return (await Promise.all(Array.from({ length: 20 }, (_, number) => one(number)))).flat();
};

/** HTTP/1.1 at full speed. */
export const h2load: Client = async (url) => {
	const count = 5_000;
	const args = ['--h1', '-n', String(count), '-c', '32', '-T', '20', `${url}/echo/load`];
	const { output } = await run('h2load', args, { timeout: patience });
	const isGood =
		output.includes(`${count} succeeded, 0 failed, 0 errored, 0 timeout`) && output.includes(`${count} 2xx`);
	return isGood ? [] : [`h2load: ${/requests:.*\n.*/.exec(output)?.[0] ?? output.slice(0, 300)}`];
};

export interface Attack {
	readonly name: string;
	readonly connections: number;
	readonly args: readonly string[];
}

/** slowhttptest, for seven seconds each. */
export const attacks: readonly Attack[] = [
	{ name: 'slow headers', connections: 400, args: ['-H', '-i', '1'] },
	{ name: 'slow body', connections: 400, args: ['-B', '-i', '1', '-s', '100000', '-t', 'POST'] },
	// Each of them fills the kernel's buffers first, which is work for everybody.
	{ name: 'slow read', connections: 150, args: ['-X', '-n', '1', '-z', '16', '-w', '64', '-y', '128', '-k', '3'] },
];

/** Ends after `seconds`, with what it last said of its connections. */
export async function attack({ connections, args }: Attack, target: string, seconds: number): Promise<string> {
	const all = [...args, '-c', String(connections), '-r', '200', '-l', String(seconds), '-u', target];
	const { output } = await run('slowhttptest', all, { timeout: (seconds + 20) * 1_000 });
	const plain = output.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, '');
	const said = (name: string): string => [...plain.matchAll(new RegExp(`${name}:\\s+(\\w+)`, 'g'))].at(-1)?.[1] ?? '?';
	return `connected ${said('connected')}, closed ${said('closed')}, error ${said('error')}, service available ${said('service available')}`;
}
