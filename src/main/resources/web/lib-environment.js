// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// virtual-core asks for this, as its users mostly bundle it.
globalThis.process ??= { env: { NODE_ENV: 'production' } };
