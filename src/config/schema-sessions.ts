/** Browser sessions as the configuration file writes them. */
import { z } from 'zod';
import { defaults } from './defaults.ts';
import { clientSchema } from './schema-client.ts';
import { claimName, duration, flag, oneOrMany, scopeName, text, url, word } from './schema-values.ts';

const pagePath = (what: string, fallback: string) => text().optional().meta({ description: what, default: fallback });

export const sessionsSchema = z.strictObject({
	provider: text().meta({
		description:
			'Where users log in: name of a provider whose metadata can be discovered. Its tokens are what routes judge.',
	}),
	client: clientSchema.optional().meta({
		description:
			'The gateway as the client of its users. Default: `client` of the provider. `auth_method: none` for a public client; PKCE protects each login in any case.',
	}),
	origin: url().optional().meta({
		description:
			'Origin of the pages, such as `https://app.example.com`: the session’s own pages answer on this host alone. Default: `public_url`.',
	}),
	scopes: z.array(scopeName()).optional().meta({
		description: 'Scopes to ask for beside `openid`; `offline_access` where the provider wants it for refresh tokens.',
		default: [],
	}),
	audience: text().optional().meta({ description: '`audience` of the request for tokens, as Auth0 wants it.' }),
	resource: oneOrMany(text(), 'expected a URI or a list of URIs')
		.optional()
		.meta({ description: '`resource` of the request for tokens (RFC 8707).' }),
	parameters: z
		.record(word('a parameter'), text(), 'expected a mapping of parameters to texts')
		.optional()
		.meta({ description: 'Further parameters of the authorization request, such as `prompt`.', default: {} }),
	paths: z
		.strictObject({
			login: pagePath('Begins a login; `?return_to=/path` says where it leads.', defaults.sessions.paths.login),
			callback: pagePath(
				'Where the provider sends the browser back: `redirect_uri` is `origin` and this path.',
				defaults.sessions.paths.callback,
			),
			logout: pagePath('`POST`: ends the session here and at the provider.', defaults.sessions.paths.logout),
			userinfo: pagePath('Who is logged in, and until when.', defaults.sessions.paths.userinfo),
			backchannel_logout: pagePath(
				'`POST`: where the provider sends its logout tokens.',
				defaults.sessions.paths.backchannelLogout,
			),
		})
		.optional()
		.meta({ description: 'Paths of the session’s own pages: they come before every route.' }),
	return_to: z.array(text()).min(1, 'must not be an empty list').optional().meta({
		description: 'Path patterns to which a login may lead, as in `path` of a route.',
		default: defaults.sessions.returnTo,
	}),
	after_login: text().optional().meta({
		description: 'Path to which a login leads that names none, or none of `return_to`.',
		default: defaults.sessions.afterLogin,
	}),
	after_logout: text().optional().meta({
		description: 'Path to which a logout leads: `origin` and this path are a `post_logout_redirect_uri` of the client.',
		default: defaults.sessions.afterLogout,
	}),
	cookie: z
		.strictObject({
			name: text().optional().meta({
				description: 'Name of the cookie, with `__Host-`. Default: `__Host-` and the name of these sessions.',
			}),
			kind: z.enum(['handle', 'sealed']).optional().meta({
				description:
					'`handle`: a random value, and the session in the `store`. `sealed`: the session itself, encrypted with `store.encryption_keys`, in up to four cookies.',
				default: defaults.sessions.cookieKind,
			}),
			same_site: z.enum(['lax', 'strict']).optional().meta({
				description: '`strict`: also links from other sites come without the session.',
				default: defaults.sessions.sameSite,
			}),
			persistent: flag().optional().meta({
				description: 'Whether the cookie outlives the browser, for `lifetime` at most.',
				default: false,
			}),
		})
		.optional()
		.meta({ description: 'The cookie: always `__Host-`, `HttpOnly`, `Secure` and without a domain.' }),
	idle_timeout: duration().optional().meta({
		description: 'How long a session lives without a request; it is kept to a tenth.',
		default: defaults.sessions.idleTimeout,
	}),
	lifetime: duration().optional().meta({
		description: 'How long a session lives from its login on, whatever happens; at most 365d.',
		default: defaults.sessions.lifetime,
	}),
	refresh_ahead: duration().optional().meta({
		description: 'How long before its end an access token is replaced; at most a quarter of its life counts.',
		default: defaults.sessions.refreshAhead,
	}),
	csrf_header: word('a header name').optional().meta({
		description: 'Header that scripts must send with unsafe methods, with any value: no form of another site can.',
		default: defaults.sessions.csrfHeader,
	}),
	userinfo: z.array(claimName()).optional().meta({
		description: 'Claims of the ID token that the page may see.',
		default: defaults.sessions.userinfo,
	}),
	rate_limits: oneOrMany(text(), 'expected the name of a rate limit or a list of names').optional().meta({
		description:
			'Names of the rate limits, by address, that hold on the pages `login` and `callback`, beside those that hold everywhere. Default: 120 requests a minute for each address, in each process.',
	}),
	timeout: duration().optional().meta({
		description: 'Of one call to the provider; at most 30s.',
		default: defaults.sessions.timeout,
	}),
});

export type SessionsFile = z.output<typeof sessionsSchema>;
