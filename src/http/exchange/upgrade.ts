/** Which upgrades are carried (WebSocket and the like, RFC 9110 §7.8), and the moment of the switch. */
import { isFieldValue } from '#formats/header-value';
import { switchingHead } from '../h1/client-head.ts';
import { joinedValues } from '../h1/field-lines.ts';
import { noFraming } from '../h1/framing.ts';
import type { RequestHead } from '../h1/request-head.ts';
import { clientFields } from '../h1/response-fields.ts';
import type { ResponseHead } from '../h1/response-head.ts';
import { joinWires } from '../tunnel.ts';
import type { UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { Exchange, ForwardAction } from './exchange.ts';

/**
 * Whether this request is an upgrade that we carry: GET, HTTP/1.1, no body, and none of its protocols is HTTP/2 or TLS
 * (RFC 2817): a tunnel to an upstream that goes on in HTTP would carry requests that nobody decided. Everything else is
 * a plain request, whose Upgrade is dropped. Not judged: whether Connection names it.
 */
export function isCarriedUpgrade(head: RequestHead): boolean {
	if (head.method !== 'GET' || head.minor !== 1 || head.framing !== noFraming) return false;
	const protocols = protocolsOf(offeredProtocols(head));
	return protocols.length > 0 && !protocols.some((protocol) => /^(?:h2|http|tls)/.test(protocol));
}

/** The protocols that the client offers, as a list. */
export function offeredProtocols(head: RequestHead): string {
	return head.joined('upgrade') ?? '';
}

function protocolsOf(value: string): readonly string[] {
	return value
		.split(',')
		.map((protocol) => protocol.trim().toLowerCase())
		.filter((protocol) => protocol !== '');
}

/**
 * Joins client and upstream after a 101; `rest` is what the upstream has sent behind it. False when the upstream did not
 * switch to what was asked for; throws when an edit of the response is no field line.
 */
export function joinAfterSwitch<C>(
	exchange: Exchange<C>,
	action: ForwardAction,
	upstream: UpstreamConnection,
	head: ResponseHead,
	rest: Buffer,
): boolean {
	const chosen = joinedValues(head, 'upgrade') ?? '';
	const offered = protocolsOf(offeredProtocols(exchange.head));
	if (!head.connection.upgrade || !offered.includes(chosen.toLowerCase()) || !isFieldValue(chosen)) return false;
	const answer = switchingHead(chosen, clientFields(head, action.response, action.responseLines));
	const detached = answer === undefined ? undefined : exchange.client.detach();
	if (answer === undefined || detached === undefined) return false;
	exchange.switched();
	const { engine } = exchange;
	const { wire, rest: toUpstream } = detached;
	const server = upstream.detach();
	wire.send(answer, rest, 0, rest.length, '');
	if (toUpstream !== undefined) server.send('', toUpstream, 0, toUpstream.length, '');
	const cut = joinWires(wire, server, {
		idle: engine.options.timeouts.tunnelIdle,
		until: action.until,
		ended: () => {
			engine.sweep.tick();
			exchange.end(101);
		},
	});
	exchange.watch(cut);
	return true;
}
