// The authorization server is oidc-provider, the resource servers are the MCP TypeScript SDK's.
// Knows how to configure both on free loopback ports; must not repair what either of them answers.
//
// Prints one JSON line when every port answers, and ends when its standard input ends.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import {
    createMcpExpressApp,
    getOAuthProtectedResourceMetadataUrl,
    mcpAuthMetadataRouter,
    requireBearerAuth
} from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import express from 'express';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import Provider, { errors } from 'oidc-provider';

const SCOPES = ['mcp:read', 'mcp:write'];
const MINUTES = 60;

async function listen() {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** The resources whose tokens the authorization server issues, by resource indicator (RFC 8707). */
function resources(origin) {
    return {
        [`${origin}/mcp`]: 'jwt',
        [`${origin}/opaque/mcp`]: 'opaque'
    };
}

async function authorizationServer(issuer, formats) {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), kid: 'peer', use: 'sig', alg: 'RS256' };
    return new Provider(issuer, {
        jwks: { keys: [key] },
        cookies: { keys: [randomBytes(32).toString('base64url')] },
        // A person of any name may sign in: the pages are the ones that come with the package.
        findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
        pkce: { required: () => true },
        issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
        ttl: { AccessToken: 10 * MINUTES, Grant: 60 * MINUTES, Session: 60 * MINUTES, Interaction: 60 * MINUTES },
        features: {
            devInteractions: { enabled: true },
            registration: { enabled: true },
            revocation: { enabled: true },
            resourceIndicators: {
                enabled: true,
                getResourceServerInfo(_ctx, indicator) {
                    const accessTokenFormat = formats[indicator];
                    if (!accessTokenFormat) throw new errors.InvalidTarget();
                    return { scope: SCOPES.join(' '), audience: indicator, accessTokenFormat };
                }
            }
        }
    });
}

/** Reads JWT access tokens (RFC 9068) by the published keys, as a resource server elsewhere would. */
function jwtVerifier(issuer, audience) {
    const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
    return async token => {
        const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' }).catch(() => {
            throw new OAuthError(OAuthErrorCode.InvalidToken, 'the token is not one of ours');
        });
        return {
            token,
            clientId: payload.client_id,
            scopes: (payload.scope ?? '').split(' '),
            expiresAt: payload.exp,
            resource: new URL(payload.aud)
        };
    };
}

/** Looks opaque access tokens up in the authorization server's own table. */
function opaqueVerifier(provider) {
    return async token => {
        const found = await provider.AccessToken.find(token);
        if (!found) throw new OAuthError(OAuthErrorCode.InvalidToken, 'the token is not one of ours');
        return {
            token,
            clientId: found.clientId,
            scopes: (found.scope ?? '').split(' '),
            expiresAt: found.exp,
            resource: found.aud ? new URL(found.aud) : undefined
        };
    };
}

function mcpServer() {
    const server = new McpServer({ name: 'peer-oidc', version: '1.2.3' });
    const answer = text => ({ content: [{ type: 'text', text }] });
    server.registerTool('read_note', { description: 'Needs mcp:read' }, async () => answer('a note'));
    server.registerTool('write_note', { description: 'Needs mcp:write' }, async () => answer('written'));
    return server;
}

/** Serves MCP at `resource`; the tool `write_note` needs a scope that first contact does not ask for. */
function mountResource(app, resource, oauthMetadata, verifyAccessToken) {
    const url = new URL(resource);
    const common = {
        verifier: { verifyAccessToken },
        resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
        expectedResource: url
    };
    const reading = requireBearerAuth({ ...common, requiredScopes: ['mcp:read'] });
    const writing = requireBearerAuth({ ...common, requiredScopes: SCOPES });
    const writes = body => body?.method === 'tools/call' && body.params?.name === 'write_note';
    const serve = toNodeHandler(createMcpHandler(mcpServer));
    app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: url, scopesSupported: ['mcp:read'] }));
    app.all(
        url.pathname,
        (req, res, next) => (writes(req.body) ? writing : reading)(req, res, next),
        (req, res) => void serve(req, res, req.body)
    );
}

const as = await listen();
const rs = await listen();
// A path in the issuer makes the client go through all three places of RFC 8414 section 5.
const issuer = `${as.origin}/realms/peer`;
const formats = resources(rs.origin);
const provider = await authorizationServer(issuer, formats);
as.server.on('request', express().use('/realms/peer', provider.callback()));

const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
const oauthMetadata = await discovery.json();
const app = createMcpExpressApp();
for (const [resource, format] of Object.entries(formats)) {
    const verify = format === 'jwt' ? jwtVerifier(issuer, resource) : opaqueVerifier(provider);
    mountResource(app, resource, oauthMetadata, verify);
}
rs.server.on('request', app);

const [jwt, opaque] = Object.keys(formats);
console.log(JSON.stringify({ issuer, jwt, opaque }));

process.stdin.resume();
await once(process.stdin, 'end');
process.exit(0);
