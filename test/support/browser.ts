/**
 * A browser without a screen, as far as sessions go: it keeps cookies by host name as browsers do, follows redirects, and
 * sends what browsers send about where a request comes from. What it does not do it must not be trusted for.
 */
import { request as httpRequest } from 'node:http';

export interface PageAnswer {
	readonly url: string;
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly setCookies: readonly string[];
	readonly body: string;
}

export interface AskOptions {
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	/** Sends what a navigation sends, instead of what a script of the same origin sends. */
	readonly navigate?: boolean;
	/** Origin of the page that asks; default: the origin asked. */
	readonly from?: string;
}

export interface Browser {
	/** One request, no redirect followed. */
	ask(url: string, options?: AskOptions): Promise<PageAnswer>;
	/** A navigation and every redirect behind it. */
	open(url: string, options?: AskOptions): Promise<PageAnswer>;
	/** Opens a page that leads to the login, and logs in there as this person; the last answer. */
	logIn(url: string, name?: string): Promise<PageAnswer>;
	/** Cookies for a host name: name → value. */
	cookies(host: string): Map<string, string>;
	/** Every URL and body that it has seen. */
	readonly seen: string[];
}

export function createBrowser(): Browser {
	const jars = new Map<string, Map<string, string>>();
	const seen: string[] = [];
	const cookies = (host: string): Map<string, string> => {
		const jar = jars.get(host) ?? new Map<string, string>();
		jars.set(host, jar);
		return jar;
	};

	function keep(host: string, line: string): void {
		const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
		const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
		const lower = attributes.map((attribute) => attribute.toLowerCase());
		if (name.startsWith('__Host-') && !(lower.includes('secure') && lower.includes('path=/'))) return;
		if (lower.includes('max-age=0') || lower.some((each) => each.startsWith('expires=thu, 01 jan 1970')))
			cookies(host).delete(name);
		else cookies(host).set(name, value);
	}

	async function ask(url: string, options: AskOptions = {}): Promise<PageAnswer> {
		const { method = 'GET', navigate = false } = options;
		const target = new URL(url);
		const own = options.from ?? target.origin;
		const site = own === target.origin ? 'same-origin' : 'cross-site';
		const jar = [...cookies(target.hostname)].map(([name, value]) => `${name}=${value}`).join('; ');
		const headers: Record<string, string> = {
			accept: navigate ? 'text/html' : 'application/json',
			'sec-fetch-mode': navigate ? 'navigate' : 'cors',
			'sec-fetch-dest': navigate ? 'document' : 'empty',
			'sec-fetch-site': navigate && options.from === undefined && method === 'GET' ? 'none' : site,
			...(method === 'GET' ? {} : { origin: own }),
			...(jar === '' ? {} : { cookie: jar }),
			...options.headers,
		};
		const answer = await send(target, method, headers, options.body);
		for (const line of answer.setCookies) keep(target.hostname, line);
		seen.push(url, answer.headers.get('location') ?? '', answer.body);
		return answer;
	}

	async function open(url: string, options: AskOptions = {}): Promise<PageAnswer> {
		let answer = await ask(url, { ...options, navigate: true });
		for (let hops = 0; answer.status >= 300 && answer.status < 400; hops++) {
			if (hops > 15) throw new Error(`too many redirects, at ${answer.url}`);
			answer = await ask(new URL(answer.headers.get('location') ?? '', answer.url).href, { navigate: true });
		}
		return answer;
	}

	return {
		ask,
		open,
		async logIn(url, name = 'ada') {
			const page = await open(url);
			if (!page.body.includes('name="name"')) return page;
			return open(page.url, {
				method: 'POST',
				headers: { 'content-type': 'application/x-www-form-urlencoded' },
				body: `name=${name}`,
			});
		},
		cookies,
		seen,
	};
}

/** With node:http, which shows every Set-Cookie and follows nothing. */
function send(
	url: URL,
	method: string,
	headers: Readonly<Record<string, string>>,
	body: string | undefined,
): Promise<PageAnswer> {
	return new Promise((resolve, reject) => {
		const sent = httpRequest(
			{
				host: '127.0.0.1',
				port: url.port,
				path: url.pathname + url.search,
				method,
				headers: { ...headers, host: url.host },
				agent: false,
			},
			(response) => {
				let text = '';
				response.setEncoding('utf8');
				response.on('data', (piece: string) => (text += piece));
				response.on('error', reject);
				response.on('end', () => {
					const { 'set-cookie': setCookies = [], ...fields } = response.headers;
					const entries = Object.entries(fields).map(([name, value]) => [name, String(value)] as const);
					resolve({
						url: url.href,
						status: response.statusCode ?? 0,
						headers: new Map(entries),
						setCookies,
						body: text,
					});
				});
			},
		);
		sent.on('error', reject);
		sent.end(body);
	});
}
