// MCP-Nest: MCP server and authorization server in one NestJS application; whoever comes is known
// from an identity provider, here one that lets everybody in, as its example has it.
import 'reflect-metadata';

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { McpAuthJwtGuard, McpAuthModule, McpModule, Tool } from '@rekog/mcp-nest';
import cookieParser from 'cookie-parser';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
console.log = console.error; // its journal

/** A Passport strategy that redirects to its own callback at once. */
class Everybody {
    name = 'everybody';

    constructor({ callbackURL }, verify) {
        Object.assign(this, { callbackURL, verify });
    }

    authenticate(request) {
        if (!request.url.includes('/callback')) return this.redirect(`${this.callbackURL}?code=one`);
        const profile = { id: '1', username: 'ada', displayName: 'Ada', emails: [{ value: 'ada@example.com' }] };
        return this.verify('its token', 'its refresh token', profile, (error, user) =>
            error ? this.error(error) : this.success(user)
        );
    }
}

const provider = {
    name: 'everybody',
    displayName: 'Everybody',
    strategy: Everybody,
    strategyOptions: ({ serverUrl, callbackPath }) => ({ callbackURL: `${serverUrl}/${callbackPath}` }),
    profileMapper: profile => ({ ...profile, email: profile.emails[0].value })
};

class Notes {
    read() {
        return { content: [{ type: 'text', text: 'a note' }] };
    }
}
const described = Object.getOwnPropertyDescriptor(Notes.prototype, 'read');
Tool({ name: 'read_note', description: 'Reads the only note there is.' })(Notes.prototype, 'read', described);
Injectable()(Notes);

class Application {}
Module({
    imports: [
        McpAuthModule.forRoot({
            provider,
            clientId: 'upstream',
            clientSecret: 'a secret of two servers',
            jwtSecret: 'a key of this server alone, and long enough',
            serverUrl: origin,
            resource: `${origin}/mcp`,
            apiPrefix: 'auth'
        }),
        McpModule.forRoot({ name: 'resource', version: '1.2.3', guards: [McpAuthJwtGuard] })
    ],
    providers: [McpAuthJwtGuard, Notes]
})(Application);

const app = await NestFactory.create(Application, { logger: ['error', 'warn'] });
app.use(cookieParser());
await app.listen(port, '127.0.0.1');
untilStdinEnds({ issuer: origin, url: `${origin}/mcp` });
