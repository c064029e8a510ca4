// OAuth2orize with Passport before the token endpoint, as its documentation assembles them.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import express from 'express';
import session from 'express-session';
import oauth2orize from 'oauth2orize';
import passport from 'passport';
import { BasicStrategy } from 'passport-http';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { Strategy as ClientPasswordStrategy } from 'passport-oauth2-client-password';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const secret = 'a secret of two servers';
const redirect = 'http://127.0.0.1:48124/callback';
const clients = [{ id: 'notes-app', name: 'notes', secret, redirect }];
const codes = new Map();
const tokens = new Map();
const refreshes = new Map();
const uid = () => randomBytes(24).toString('base64url');
const clientOf = id => clients.find(client => client.id === id);
const issue = (client, user, done) => {
    const [access, refresh] = [uid(), uid()];
    tokens.set(access, { user });
    refreshes.set(refresh, { client: client.id, user });
    done(null, access, refresh);
};

const server = oauth2orize.createServer();
server.serializeClient((client, done) => done(null, client.id));
server.deserializeClient((id, done) => done(null, clientOf(id)));
server.grant(oauth2orize.grant.code((client, redirectURI, user, answer, done) => {
    const code = uid();
    codes.set(code, { client: client.id, redirectURI, user });
    done(null, code);
}));
server.exchange(oauth2orize.exchange.code((client, code, redirectURI, done) => {
    const known = codes.get(code);
    codes.delete(code);
    if (!known || known.client !== client.id || known.redirectURI !== redirectURI) return done(null, false);
    return issue(client, known.user, done);
}));
server.exchange(oauth2orize.exchange.refreshToken((client, refresh, scope, done) => {
    const known = refreshes.get(refresh);
    refreshes.delete(refresh);
    return known && known.client === client.id ? issue(client, known.user, done) : done(null, false);
}));

const verified = (id, given, done) => {
    const client = clientOf(id);
    done(null, client && client.secret === given ? client : false);
};
passport.use(new BasicStrategy(verified));
passport.use(new ClientPasswordStrategy(verified));
passport.use(new BearerStrategy((token, done) => done(null, tokens.get(token)?.user ?? false)));

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(session({ secret: 'a key of this peer alone', resave: false, saveUninitialized: false }));
const signedIn = (request, response, next) => {
    if (request.session.user) {
        request.user = { name: request.session.user };
        return next();
    }
    request.session.to = request.originalUrl;
    return response.redirect('/login');
};
app.get('/login', (request, response) => response.send('<!doctype html><form method="post"><input name="username"> <input type="password" name="password"> <button type="submit">Log in</button></form>'));
app.post('/login', (request, response) => {
    if (request.body.password !== request.body.username) return response.redirect('/login');
    request.session.user = request.body.username;
    return response.redirect(request.session.to);
});
app.get('/dialog/authorize', signedIn, server.authorization((id, redirectURI, done) => {
    const client = clientOf(id);
    return client && client.redirect === redirectURI ? done(null, client, redirectURI) : done(null, false);
}), (request, response) => response.send(`<!doctype html><h1>Hi ${request.user.name}!</h1><p><b>${request.oauth2.client.name}</b> is requesting access to your account.</p>
<form action="/dialog/authorize/decision" method="post"><input name="transaction_id" type="hidden" value="${request.oauth2.transactionID}">
<input type="submit" value="Allow" id="allow"> <input type="submit" value="Deny" name="cancel" id="deny"></form>`));
app.post('/dialog/authorize/decision', signedIn, server.decision());
app.post('/oauth/token', passport.authenticate(['basic', 'oauth2-client-password'], { session: false }), server.token(), server.errorHandler());
app.get('/api/userinfo', passport.authenticate('bearer', { session: false }), (request, response) => response.json({ sub: request.user.name }));
app.listen(port, '127.0.0.1', () => {
    writeFileSync('secret', secret);
    untilStdinEnds({
        issuer: origin,
        userinfo: `${origin}/api/userinfo`,
        bound: false,
        options: [
            '--client-id', 'notes-app', '--client-secret-file', resolve('secret'), '--redirect-uri', redirect,
            '--authorization-endpoint', `${origin}/dialog/authorize`, '--token-endpoint', `${origin}/oauth/token`
        ],
        registered: { client_id: 'notes-app', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' }
    });
});
