// Cloudflare's workers-oauth-provider as one Worker (authorization server and MCP server) in workerd.
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const bundled = await build({
    stdin: { contents: worker(origin), resolveDir: process.cwd(), loader: 'js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    write: false
});
const runtime = new Miniflare({
    host: '127.0.0.1',
    port,
    modules: true,
    script: bundled.outputFiles[0].text,
    compatibilityDate: '2026-01-01',
    compatibilityFlags: ['nodejs_compat', 'global_fetch_strictly_public'],
    kvNamespaces: ['OAUTH_KV'],
    cf: false,
    telemetry: { enabled: false }
});
await runtime.ready;
process.on('exit', () => void runtime.dispose());
untilStdinEnds({ issuer: origin, url: `${origin}/mcp` });

/** The text of the Worker: what its documentation shows for a consent page, and one tool. */
function worker(origin) {
    return `
import { OAuthProvider } from '@cloudflare/workers-oauth-provider';

const escape = value => String(value).replace(/[&<>"']/g, char => '&#' + char.charCodeAt(0) + ';');
const page = (details, handle) => '<!doctype html><title>Allow</title><h1>Allow ' + escape(details.clientName) + '?</h1>'
    + '<form method="post"><input type="hidden" name="handle" value="' + escape(handle) + '">'
    + details.scope.map(scope => '<input type="hidden" name="scope" value="' + escape(scope) + '">').join('')
    + '<button name="decision" value="approve">Allow</button> <button name="decision" value="deny">Deny</button></form>';

const defaultHandler = {
    async fetch(request, env) {
        if (new URL(request.url).pathname !== '/authorize') return new Response('not here', { status: 404 });
        const oauth = env.OAUTH_PROVIDER;
        if (request.method === 'GET') {
            const wish = await oauth.parseAuthRequest(request);
            const details = await oauth.describeConsent(wish);
            const consent = await oauth.beginConsent(wish);
            consent.headers.set('Content-Type', 'text/html; charset=utf-8');
            return new Response(page(details, consent.handle), { headers: consent.headers });
        }
        const form = await request.formData();
        const approved = await oauth.approveConsent(request, String(form.get('handle')), { scope: form.getAll('scope').map(String) });
        const { redirectTo } = await oauth.completeAuthorization({
            request: approved.request, userId: 'ada', metadata: {}, scope: approved.request.scope, props: { userId: 'ada' }
        });
        approved.headers.set('Location', redirectTo);
        return new Response(null, { status: 302, headers: approved.headers });
    }
};

const answers = {
    initialize: wish => ({ protocolVersion: wish.params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'worker', version: '1.2.3' } }),
    'tools/list': () => ({ tools: [{ name: 'read_note', description: 'Reads the only note there is.', inputSchema: { type: 'object' } }] }),
    ping: () => ({})
};
const apiHandler = {
    async fetch(request) {
        if (request.method !== 'POST') return new Response(null, { status: 405, headers: { Allow: 'POST' } });
        const wish = await request.json();
        if (wish.id === undefined) return new Response(null, { status: 202 });
        const answer = answers[wish.method];
        return Response.json(answer
            ? { jsonrpc: '2.0', id: wish.id, result: answer(wish) }
            : { jsonrpc: '2.0', id: wish.id, error: { code: -32601, message: 'Method not found' } });
    }
};

export default new OAuthProvider({
    apiRoute: '/mcp',
    apiHandler,
    defaultHandler,
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/oauth/token',
    clientRegistrationEndpoint: '/oauth/register',
    scopesSupported: ['notes', 'offline_access'],
    resourceMetadata: { resource: '${origin}/mcp', authorization_servers: ['${origin}'] },
    requiredScopes: ['notes'],
    clientIdMetadataDocumentEnabled: true
});
`;
}
