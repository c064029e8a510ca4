// @node-oauth/express-oauth-server: neither metadata nor registration; the app draws its pages.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import OAuthServer from '@node-oauth/express-oauth-server';
import express from 'express';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const secret = 'a secret: of 100 % + more';
const redirect = 'http://127.0.0.1:48124/callback';
const grants = ['authorization_code', 'refresh_token', 'client_credentials'];
const clients = [{ id: 'notes-app', secret, grants, redirectUris: [redirect], scopes: ['notes'] }];
const codes = new Map();
const tokens = [];
const people = new Set();

const model = {
    getClient: async (id, given) => clients.find(client => client.id === id && (given === null || client.secret === given)),
    saveAuthorizationCode: async (code, client, user) => {
        codes.set(code.authorizationCode, { ...code, client, user });
        return codes.get(code.authorizationCode);
    },
    getAuthorizationCode: async code => codes.get(code),
    revokeAuthorizationCode: async code => codes.delete(code.authorizationCode),
    saveToken: async (token, client, user) => {
        tokens.push({ ...token, client, user });
        return tokens.at(-1);
    },
    getAccessToken: async text => tokens.find(token => token.accessToken === text),
    getRefreshToken: async text => tokens.find(token => token.refreshToken === text),
    revokeToken: async token => {
        tokens.splice(tokens.findIndex(kept => kept.refreshToken === token.refreshToken), 1);
        return true;
    },
    getUserFromClient: async client => ({ name: client.id }),
    validateScope: async (user, client, scope) => (scope ?? client.scopes).every(name => client.scopes.includes(name)) && (scope ?? client.scopes),
    verifyScope: async () => true
};
const oauth = new OAuthServer({ model });

const hidden = values => Object.entries(values).map(([name, value]) => `<input type="hidden" name="${name}" value="${String(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">`).join('');
const page = (title, values, body) => `<!doctype html><title>${title}</title><h1>${title}</h1><form method="post">${hidden(values)}${body}</form>`;
const signIn = values => page('Sign in', values, '<input name="username"> <input type="password" name="password"> <button type="submit">Sign in</button>');
const consent = (values, person) => page('Allow?', { ...values, person }, '<button name="allowed" value="true" type="submit">Allow</button> <button name="allowed" value="false" type="submit">Deny</button>');

const app = express();
app.use(express.urlencoded({ extended: false }));
app.get('/oauth/authorize', (request, response) => response.send(signIn(request.query)));
app.post('/oauth/authorize', (request, response, next) => {
    const { username, password, ...values } = request.body;
    if (people.has(request.body.person)) return next();
    if (username !== 'ada' || password !== 'ada') return response.send(signIn(values));
    const person = randomUUID();
    people.add(person);
    return response.send(consent(values, person));
}, oauth.authorize({ authenticateHandler: { handle: () => ({ name: 'ada' }) } }));
app.post('/oauth/token', oauth.token());
app.get('/me', oauth.authenticate(), (request, response) => response.json({ sub: response.locals.oauth.token.user.name }));
app.listen(port, '127.0.0.1', () => {
    writeFileSync('secret', secret);
    untilStdinEnds({
        issuer: origin,
        userinfo: `${origin}/me`,
        bound: false,
        options: [
            '--client-id', 'notes-app', '--client-secret-file', resolve('secret'), '--redirect-uri', redirect,
            '--authorization-endpoint', `${origin}/oauth/authorize`, '--token-endpoint', `${origin}/oauth/token`
        ],
        registered: { client_id: 'notes-app', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' }
    });
});
