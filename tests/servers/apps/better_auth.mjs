// Better Auth with its OAuth provider plugin: open registration, pages for sign-in and consent.
import { createServer } from 'node:http';

import { oauthProvider, oauthProviderAuthServerMetadata, oauthProviderOpenIdConfigMetadata } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { deviceAuthorization, jwt } from 'better-auth/plugins';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin, resource } = options();
const tables = ['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthAccessToken', 'oauthRefreshToken', 'oauthConsent', 'deviceCode', 'rateLimit', 'oauthClientResource', 'oauthResource', 'oauthAuthorizationCode', 'oauthClientAssertion'];
const db = Object.fromEntries(tables.map(name => [name, []]));
const auth = betterAuth({
    baseURL: origin,
    secret: 'a key of this peer alone, and long enough',
    database: memoryAdapter(db),
    emailAndPassword: { enabled: true, autoSignIn: true, minPasswordLength: 3 },
    trustedOrigins: [origin],
    disabledPaths: ['/token'],
    telemetry: { enabled: false },
    logger: { level: 'warn' },
    rateLimit: { enabled: false },
    plugins: [
        jwt(),
        oauthProvider({
            loginPage: '/sign-in',
            consentPage: '/consent',
            scopes: ['openid', 'profile', 'offline_access', 'notes'],
            allowDynamicClientRegistration: true,
            allowUnauthenticatedClientRegistration: true,
            resources: [resource],
            enforcePerClientResources: false,
            silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true }
        })
    ]
});
await auth.api.signUpEmail({ body: { email: 'ada@example.com', name: 'ada', password: 'ada' } });

const page = (title, script) => `<!doctype html><title>${title}</title><h1>${title}</h1><form>
<label>Mail <input type="email" name="email"></label><label>Password <input type="password" name="password"></label>
<button type="submit">${title}</button></form><p id="said"></p><script>${script}</script>`;
const post = (path, body) => `
document.querySelector('form').addEventListener('submit', async event => {
    event.preventDefault();
    const answer = await fetch('${path}', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(${body}) });
    const json = await answer.json();
    const to = json.url ?? json.redirect_uri ?? json.uri;
    if (to) location.href = to; else document.querySelector('#said').textContent = JSON.stringify(json);
});`;
const query = "oauth_query: location.search.slice(1)";
const pages = {
    '/sign-in': page('Sign in', post('/api/auth/sign-in/email', `{ email: document.querySelector('[name=email]').value, password: document.querySelector('[name=password]').value, ${query} }`)),
    '/consent': page('Allow', post('/api/auth/oauth2/consent', `{ accept: true, ${query} }`))
};
const handler = toNodeHandler(auth);
const documents = {
    '/.well-known/oauth-authorization-server/api/auth': oauthProviderAuthServerMetadata(auth),
    '/api/auth/.well-known/openid-configuration': oauthProviderOpenIdConfigMetadata(auth)
};
createServer(async (req, res) => {
    const path = new URL(req.url, origin).pathname;
    if (pages[path]) return res.writeHead(200, { 'Content-Type': 'text/html' }).end(pages[path]);
    if (documents[path]) {
        const answer = await documents[path](new Request(`${origin}${req.url}`));
        return res.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    }
    return handler(req, res);
}).listen(port, '127.0.0.1', () =>
    untilStdinEnds({
        issuer: `${origin}/api/auth`,
        jwks: `${origin}/api/auth/jwks`,
        scopes: ['notes'],
        visitor: { user: 'ada', password: 'ada' }
    })
);
