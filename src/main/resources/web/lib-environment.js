// virtual-core asks for this, as its users mostly bundle it.
globalThis.process ??= { env: { NODE_ENV: 'production' } };
