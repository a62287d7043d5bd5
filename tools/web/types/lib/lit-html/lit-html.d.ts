// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The file that the build serves under /lib/ has the types of its package.
export * from 'lit-html';
