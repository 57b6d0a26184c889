import { expect, test } from 'vitest';
import { formatProblem, problemMediaType } from './problem.ts';

test('members stand in their order, undefined ones are left out', () => {
	expect(
		formatProblem({
			type: 'about:blank',
			title: 'Unauthorized',
			status: 401,
			detail: undefined,
			error: 'invalid_token',
		}),
	).toBe('{"type":"about:blank","title":"Unauthorized","status":401,"error":"invalid_token"}');
});

test('the media type is the one of RFC 9457 §3', () => {
	expect(problemMediaType).toBe('application/problem+json');
});
