// The package's own entry has no named exports.
export * from '../../../node_modules/echarts/types/dist/echarts';
