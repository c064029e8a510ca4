// The authorization server is oidc-provider, the resource servers are the MCP TypeScript SDK's.
// Knows how to configure both on free loopback ports; must not repair what either of them answers.
//
// Prints one JSON line when every port answers, and ends when its standard input ends.
import {
    createMcpExpressApp,
    getOAuthProtectedResourceMetadataUrl,
    mcpAuthMetadataRouter,
    requireBearerAuth
} from '@modelcontextprotocol/express';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import express from 'express';

import { authorizationServer, listen, mcpServer, SCOPES, serveUntilStdinEnds, tokenReader } from './common.mjs';

/** The resources whose tokens the authorization server issues, by resource indicator (RFC 8707). */
function resources(origin) {
    return {
        [`${origin}/mcp`]: 'jwt',
        [`${origin}/opaque/mcp`]: 'opaque'
    };
}

function jwtVerifier(issuer, audience) {
    const read = tokenReader(issuer, audience);
    return async token => {
        const payload = await read(token);
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
await serveUntilStdinEnds({ issuer, jwt, opaque });
