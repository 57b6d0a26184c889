/**
 * The demo's page: what a page's scripts can see of a browser session, beside what the API received because of it. The
 * sample API serves it, as any web server would; it knows no token, and there is none to know.
 */

export const pagePath = '/page';

export const pageHtml = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Countersign: a browser session</title>
<style>
	body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
	.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
	section { border: 1px solid #bbb; border-radius: 8px; padding: 0 1rem 1rem; min-width: 0; }
	pre { background: #f4f4f4; border-radius: 6px; padding: .75rem; overflow: auto; max-height: 26rem; }
	button { font: inherit; margin: 0 .5rem .5rem 0; padding: .3rem .8rem; }
	h2 { font-size: 1.1rem; }
	small { color: #555; }
</style>
<h1>A browser session</h1>
<p>
	<button id="login">Log in</button>
	<button id="read">GET /mine/notes</button>
	<button id="write">POST /mine/notes</button>
	<button id="forge">POST without X-CSRF</button>
	<button id="logout">Log out</button>
</p>
<div class="sides">
	<section>
		<h2>What this page can see</h2>
		<pre id="held"></pre>
		<small>The session is a cookie that scripts cannot read; access and refresh token stay in the gateway. The access
		token lives 30 seconds: keep asking, and the gateway gets new ones.</small>
	</section>
	<section>
		<h2>What the API received</h2>
		<pre id="received">nothing yet</pre>
		<small>No cookie and no token: who it is stands in headers that the gateway writes, and clients cannot.</small>
	</section>
</div>
<script>
	const show = (id, text) => { document.getElementById(id).textContent = text; };
	// The gateway's own fields stand among those of the browser.
	function identityFirst(text) {
		const data = JSON.parse(text);
		const fields = Object.entries(data.headers ?? {});
		const ours = ([name]) => /^x-(user|client|scopes)/.test(name);
		if (fields.length === 0) return text;
		const headers = Object.fromEntries([...fields.filter(ours), ...fields.filter((field) => !ours(field))]);
		return JSON.stringify({ ...data, headers }, null, 2);
	}
	async function look() {
		const answer = await fetch('/auth/userinfo');
		show('held', JSON.stringify({
			'document.cookie': document.cookie,
			localStorage: { ...localStorage },
			sessionStorage: { ...sessionStorage },
			'/auth/userinfo': answer.ok ? await answer.json() : answer.status + ' ' + (await answer.text()),
		}, null, 2));
	}
	async function ask(method, headers) {
		const answer = await fetch('/mine/notes', { method, headers });
		show('received', answer.status + ' ' + identityFirst(await answer.text()));
		await look();
	}
	const on = (id, act) => document.getElementById(id).addEventListener('click', act);
	on('login', () => { location.href = '/auth/login?return_to=/page'; });
	on('read', () => ask('GET', {}));
	on('write', () => ask('POST', { 'x-csrf': '1' }));
	on('forge', () => ask('POST', {}));
	on('logout', async () => {
		const answer = await fetch('/auth/logout', { method: 'POST' });
		location.href = (await answer.json()).location;
	});
	look();
</script>
</html>
`;
