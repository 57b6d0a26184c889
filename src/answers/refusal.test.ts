import { describe, expect, test } from 'vitest';
import { reasonNames, reasons } from '#core/index';
import { refusalAnswer } from './refusal.ts';

const challenge = {
	schemes: ['Bearer'],
	realm: 'api',
	scope: 'orders:read',
	acrValues: 'gold',
	maxAge: 300,
	proofAlgorithms: 'ES256',
};
const options = { exposeReason: false, accept: undefined };

function header(answer: ReturnType<typeof refusalAnswer>, name: string): string | undefined {
	return answer.headers.find(([candidate]) => candidate === name)?.[1];
}

describe('every reason', () => {
	test.each(reasonNames)('%s', (reason) => {
		const answer = refusalAnswer({ reason, challenge }, options);
		const { status, error } = reasons[reason];
		expect(answer.status).toBe(status);
		expect(JSON.parse(String(answer.body))).toMatchObject({ status, detail: reasons[reason].description });
		expect(String(answer.body)).not.toContain(reason === 'rate_limited' ? '\0' : `"${reason}"`);
		const authenticate = header(answer, 'www-authenticate');
		expect(authenticate !== undefined).toBe(status === 401 || error !== null);
		if (error !== null) expect(authenticate).toContain(`error="${error}"`);
		else if (status === 401) expect(authenticate).not.toContain('error');
		expect(header(answer, 'retry-after') !== undefined).toBe(status === 503 || status === 429);
	});
});

test('insufficient scope names the scope, a step-up names acr and age', () => {
	expect(header(refusalAnswer({ reason: 'scope_insufficient', challenge }, options), 'www-authenticate')).toContain(
		'scope="orders:read"',
	);
	const stepUp = header(
		refusalAnswer({ reason: 'authentication_insufficient', challenge }, options),
		'www-authenticate',
	);
	expect(stepUp).toContain('acr_values="gold"');
	expect(stepUp).toMatch(/max_age="?300"?/);
});

test('the reason is exposed only on request', () => {
	const exposed = refusalAnswer({ reason: 'audience_mismatch', challenge }, { ...options, exposeReason: true });
	expect(JSON.parse(String(exposed.body))).toMatchObject({ reason: 'audience_mismatch' });
	expect(header(exposed, 'www-authenticate')).toContain('audience_mismatch');
});

test('a client that takes no JSON gets one line of text', () => {
	const answer = refusalAnswer({ reason: 'token_expired', challenge }, { ...options, accept: 'text/html' });
	expect(header(answer, 'content-type')).toContain('text/plain');
	expect(answer.body).toBe(`${reasons.token_expired.description}\n`);
});

test('a status that was moved keeps a challenge where 401 needs one', () => {
	expect(refusalAnswer({ reason: 'audience_mismatch', status: 403, challenge }, options).status).toBe(403);
	const moved = refusalAnswer({ reason: 'claim_mismatch', status: 401, challenge }, options);
	expect(header(moved, 'www-authenticate')).toContain('error="invalid_token"');
});

test('without a guarded route there is nothing to authenticate for', () => {
	expect(header(refusalAnswer({ reason: 'route_not_found' }, options), 'www-authenticate')).toBeUndefined();
});
