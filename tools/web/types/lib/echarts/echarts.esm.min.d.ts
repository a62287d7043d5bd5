// SPDX-FileCopyrightText: The StateManager authors
// SPDX-License-Identifier: Apache-2.0

// The package's own entry has no named exports.
export * from '../../../node_modules/echarts/types/dist/echarts';
