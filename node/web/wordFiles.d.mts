export const OF_STAFF: RegExp;
export const OF_SEALS: RegExp;
export const OF_CHECKS: RegExp;
export const OF_SCREENS: RegExp;
export const OF_NODE: RegExp;
export const OF_WALLETS: RegExp;
export const OF_PROGRAM: RegExp;
