// oidc-provider with all that goes beyond the plain code flow: device authorization, DPoP (also with
// nonces), client credentials, pushed requests, a grant that is revoked behind the client's back, and
// tokens that soon end, of clients that may end their registration.
// Knows how to configure each, and checks DPoP proofs at the resource by jose; must not repair what
// the provider answers.
//
// Prints one JSON line when every port answers, and ends when its standard input ends.
import { createHash, createPrivateKey, randomBytes } from 'node:crypto';

import { createMcpExpressApp } from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import express from 'express';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';

import { authorizationServer, listen, mcpServer, SCOPES, serveUntilStdinEnds, tokenReader } from './common.mjs';

const SECRET = 'a secret: with + and %, and enough of it';
const PASSPHRASE = 'correct horse';

/** What each realm is for; `mcp` and the issuer of a realm carry its name in their paths. */
const REALMS = {
    bearer: {},
    revoking: {},
    brief: { registrationManagement: { enabled: true }, introspection: { enabled: true } },
    pushed: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } },
    dpop: { dPoP: { enabled: true } },
    nonce: { dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true } }
};

/** The realms whose tokens are not JWTs: the resource looks them up, so that they can be ended. */
const OPAQUE = ['revoking', 'brief'];
const MINUTES = 60;
/** Seconds; what a refresh brings lasts, so that its end can only be a revocation. */
const BRIEF = {
    AccessToken: (_ctx, token) => (token.gty.includes('refresh_token') ? 10 * MINUTES : 4),
    Grant: 60 * MINUTES,
    Interaction: 60 * MINUTES,
    RefreshToken: 60 * MINUTES,
    Session: 60 * MINUTES
};

async function clientKey() {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const pem = await exportPKCS8(privateKey);
    const locked = createPrivateKey(pem).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: PASSPHRASE
    });
    return { pem, locked, jwk: { ...(await exportJWK(publicKey)), kid: 'client', use: 'sig', alg: 'ES256' } };
}

function clients(jwk) {
    const machine = {
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        client_secret: SECRET
    };
    return [
        { ...machine, client_id: 'basic:client', token_endpoint_auth_method: 'client_secret_basic' },
        { ...machine, client_id: 'post-client', token_endpoint_auth_method: 'client_secret_post' },
        {
            ...machine,
            client_secret: undefined,
            client_id: 'key-client',
            token_endpoint_auth_method: 'private_key_jwt',
            token_endpoint_auth_signing_alg: 'ES256',
            jwks: { keys: [jwk] }
        }
    ];
}

class Refusal extends Error {}

/** Checks a DPoP proof as RFC 9449 section 4.3 wants it; throws a Refusal that names what is wrong. */
function proofChecker(resource, nonces) {
    const seen = new Set();
    const must = (good, why) => {
        if (!good) throw new Refusal(why);
    };
    return async (req, token, jkt) => {
        const proofs = req.headersDistinct.dpop ?? [];
        must(proofs.length === 1, 'there is not one proof');
        const { payload, protectedHeader } = await jwtVerify(proofs[0], EmbeddedJWK, {
            typ: 'dpop+jwt',
            algorithms: ['ES256'],
            maxTokenAge: 60
        }).catch(error => {
            throw new Refusal(`the proof is not valid: ${error.message}`);
        });
        must(Object.keys(protectedHeader.jwk).every(name => name !== 'd'), 'the private key is shown');
        must((await calculateJwkThumbprint(protectedHeader.jwk)) === jkt, 'the token is bound to another key');
        must(payload.htm === req.method, 'htm');
        must(payload.htu === resource, 'htu');
        must(payload.ath === createHash('sha256').update(token).digest('base64url'), 'ath');
        must(typeof payload.jti === 'string' && !seen.has(payload.jti), 'the proof was used before');
        seen.add(payload.jti);
        if (nonces) must(payload.nonce === nonces.current, 'use_dpop_nonce');
    };
}

/** Serves MCP to DPoP-bound tokens alone. */
function dpopResource(resource, prm, read, nonces) {
    const check = proofChecker(resource, nonces);
    return async (req, res, next) => {
        const [scheme, token] = (req.headers.authorization ?? '').split(' ');
        const refuse = error => {
            const why = error ? `error="${error}", ` : '';
            if (nonces) res.set('DPoP-Nonce', nonces.current);
            res.set('WWW-Authenticate', `DPoP ${why}algs="ES256", resource_metadata="${prm}", scope="mcp:read"`);
            res.status(401).end();
        };
        if (!token) return refuse('');
        try {
            const claims = await read(token);
            if (scheme !== 'DPoP') throw new Refusal('the scheme is not DPoP');
            await check(req, token, claims.cnf?.jkt);
        } catch (error) {
            if (error.message === 'use_dpop_nonce') return refuse('use_dpop_nonce');
            return refuse('invalid_token');
        }
        if (nonces) {
            nonces.current = randomBytes(9).toString('base64url');
            res.set('DPoP-Nonce', nonces.current);
        }
        next();
    };
}

/** Serves MCP to bearer tokens; `used` is told of each request that got in. */
function bearerResource(prm, read, used = async () => {}) {
    return async (req, res, next) => {
        const [scheme, token] = (req.headers.authorization ?? '').split(' ');
        try {
            if (scheme !== 'Bearer') throw new Refusal('the scheme is not Bearer');
            await read(token);
        } catch {
            res.set('WWW-Authenticate', `Bearer resource_metadata="${prm}", scope="mcp:read"`);
            return res.status(401).end();
        }
        await used(req, token);
        next();
    };
}

const as = await listen();
const rs = await listen();
const key = await clientKey();
const front = express();
const app = createMcpExpressApp();
const serve = toNodeHandler(createMcpHandler(mcpServer));
const addresses = { secret: SECRET, passphrase: PASSPHRASE, pem: key.pem, locked: key.locked };

for (const [name, features] of Object.entries(REALMS)) {
    const issuer = `${as.origin}/realms/${name}`;
    const path = `/${name}/mcp`;
    const resource = `${rs.origin}${path}`;
    const prm = `${rs.origin}/.well-known/oauth-protected-resource${path}`;
    const format = OPAQUE.includes(name) ? 'opaque' : 'jwt';
    const provider = await authorizationServer(
        issuer,
        { [resource]: format },
        {
            clients: clients(key.jwk),
            ...(name === 'brief' && { ttl: BRIEF, clockTolerance: 0 }),
            clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
            features: {
                clientCredentials: { enabled: true },
                deviceFlow: { enabled: true },
                dPoP: { enabled: false },
                ...features
            }
        }
    );
    front.use(`/realms/${name}`, provider.callback());
    const proving = 'dPoP' in features;
    app.get(new URL(prm).pathname, (_req, res) =>
        res.json({
            resource,
            authorization_servers: [issuer],
            scopes_supported: SCOPES,
            ...(proving && { dpop_bound_access_tokens_required: true })
        })
    );
    const read = format === 'jwt' ? tokenReader(issuer, resource) : token => found(provider, token);
    const guard = proving
        ? dpopResource(resource, prm, read, name === 'nonce' ? { current: 'first' } : undefined)
        : bearerResource(prm, read, name === 'revoking' ? revoker(provider) : undefined);
    app.all(path, guard, (req, res) => void serve(req, res, req.body));
    addresses[name] = resource;
    addresses[`${name}_issuer`] = issuer;
}

async function found(provider, token) {
    const kept = await provider.AccessToken.find(token);
    if (!kept) throw new Refusal('the token is not one of ours');
    return kept;
}

/** Ends the grant as soon as the tools were listed: as if the person had taken it back just then. */
function revoker(provider) {
    return async (req, token) => {
        if (req.body?.method !== 'tools/list') return;
        const { grantId } = await provider.AccessToken.find(token);
        await provider.RefreshToken.revokeByGrantId(grantId);
    };
}

as.server.on('request', front);
rs.server.on('request', app);
await serveUntilStdinEnds(addresses);
