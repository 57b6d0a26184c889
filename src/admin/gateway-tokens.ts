/**
 * Keys and tokens of self-hosted gateways, by the calls of Azure Resource Manager: paths, bodies, statuses and errors are
 * those of API Management. A service is a provider of `apim_gateway` signatures with stored keys, a gateway one of its key
 * pairs; subscription and resource group name nothing here.
 */
import { apiVersionError } from '#apim/gateway-tokens/api-version';
import {
	type GatewayAction,
	type GatewayCall,
	gatewayActions,
	gatewayPath,
	readGatewayCall,
} from '#apim/gateway-tokens/call';
import {
	type AzureError,
	azureErrorBody,
	gatewayNotFound,
	plainError,
	serviceNotFound,
} from '#apim/gateway-tokens/error';
import { readKeyRequest, readTokenRequest } from '#apim/gateway-tokens/request';
import { makeGatewayToken } from '#apim/gateway-tokens/token';
import { type JsonObject, member, StoreUnavailable } from '#core/index';
import { parseStrictJsonObject } from '#formats/strict-json';
import { CannotSeal, type StoredPair } from '#keys/pairs/stored-pairs';
import type { AdminSubject } from './admin.ts';
import { changing } from './changing.ts';
import { type Page, type PageRequest, type Reply, readJsonBody } from './exchange.ts';

type Subject = Pick<AdminSubject, 'assembly' | 'clock' | 'cryptography' | 'log' | 'recordChange'>;

const summaries: Readonly<Record<GatewayAction, string>> = {
	generateToken: 'JSON {keyType, expiry}: a token of a self-hosted gateway, as Azure API Management issues it',
	listKeys: 'both keys of a self-hosted gateway',
	regenerateKey: 'JSON {keyType}: a new key of a self-hosted gateway, which ends the tokens of the old one',
};

export function gatewayTokenPages(subject: Subject): readonly Page[] {
	return gatewayActions.map((action) => ({
		path: gatewayPath(action),
		matches: (path) => readGatewayCall(path)?.action === action,
		summary: summaries[action],
		method: 'POST',
		changes: true,
		ofKeys: true,
		wordRefusal: inAzureWords,
		answer: (request) => answer(subject, request),
	}));
}

async function answer(subject: Subject, request: PageRequest): Promise<Reply> {
	const call = readGatewayCall(request.path);
	if (call === undefined) return refuse(plainError(404, 'There is no such call.'));
	const { target } = request.view;
	const wrongVersion = apiVersionError(target.slice(request.path.length));
	if (wrongVersion !== undefined) return refuse(wrongVersion);
	const provider = providerOf(subject, call.service);
	if (provider === undefined) return refuse(serviceNotFound(call.service, call.resourceGroup));
	try {
		const pair = await subject.assembly().state.pairs.current(provider, call.gateway);
		if (pair === undefined) return refuse(gatewayNotFound());
		return inAzureWords(await perform(subject, request, call, pair));
	} catch (cause) {
		if (!(cause instanceof StoreUnavailable)) throw cause;
		return refuse(plainError(503, 'The store does not answer.'));
	}
}

async function perform(
	subject: Subject,
	request: PageRequest,
	{ action }: GatewayCall,
	pair: StoredPair,
): Promise<Reply> {
	const { by } = request;
	const to = { provider: pair.provider, name: pair.name };
	if (action === 'listKeys') {
		const { primary, secondary } = pair;
		return changing(subject, { action: 'gateway_keys_list', by, to }, async () => ({
			status: 200,
			body: { primary: primary.text, secondary: secondary.text },
		}));
	}
	const body = await readJsonBody(request);
	if ('refused' in body) return body.refused;
	return action === 'generateToken' ? generate(subject, by, pair, body.data) : regenerate(subject, by, pair, body.data);
}

async function generate(subject: Subject, by: string, pair: StoredPair, body: JsonObject): Promise<Reply> {
	const { clock, cryptography } = subject;
	const asked = readTokenRequest(body, clock.now() / 1000);
	if ('code' in asked) return refuse(asked);
	const { keyType, expiresAt } = asked;
	const { provider, name, disabled } = pair;
	if (disabled) return refuse(plainError(409, 'The keys of this gateway are disabled: a token would open nothing.'));
	const expires_at = new Date(expiresAt * 1000).toISOString();
	const to = { provider, name, half: keyType, expires_at };
	return changing(subject, { action: 'gateway_token_generate', by, to }, async () => ({
		status: 200,
		body: { value: await makeGatewayToken({ gateway: name, key: pair[keyType].text, expiresAt }, cryptography) },
	}));
}

async function regenerate(subject: Subject, by: string, pair: StoredPair, body: JsonObject): Promise<Reply> {
	const asked = readKeyRequest(body);
	if ('code' in asked) return refuse(asked);
	const { provider, name } = pair;
	const to = { provider, name, half: asked.keyType };
	return changing(subject, { action: 'key_regenerate', by, to }, async () => {
		try {
			const changed = await subject.assembly().state.pairs.regenerate(provider, name, asked.keyType);
			return changed === undefined ? refuse(gatewayNotFound()) : { status: 204, body: '' };
		} catch (cause) {
			if (!(cause instanceof CannotSeal)) throw cause;
			return refuse(plainError(409, 'The store holds no secrets without store.encryption_keys.'));
		}
	});
}

/** By its name; in another case too, as Azure names resources, where only one provider has it. */
function providerOf({ assembly }: Subject, service: string): string | undefined {
	const names = assembly().definition.providers.flatMap(({ name, sharedAccess }) =>
		sharedAccess?.format === 'apim_gateway' && sharedAccess.storedKeys ? [name] : [],
	);
	if (names.includes(service)) return service;
	const [only, another] = names.filter((name) => name.toLowerCase() === service.toLowerCase());
	return another === undefined ? only : undefined;
}

function refuse(error: AzureError): Reply {
	return { status: error.status, body: azureErrorBody(error) };
}

/** A refusal of the listener itself, which its other pages word as a problem, with its status and header fields. */
function inAzureWords(reply: Reply): Reply {
	const { status, body, headers = [] } = reply;
	if (status < 400 || typeof body !== 'string') return reply;
	const problem = parseStrictJsonObject(body);
	const said = problem === undefined ? undefined : (member(problem, 'detail') ?? member(problem, 'title'));
	const error = plainError(status, typeof said === 'string' ? said : 'The request was refused.');
	return {
		status,
		body: azureErrorBody(error),
		headers: headers.filter(([name]) => name.toLowerCase() !== 'content-type'),
	};
}
