/** Of every span and metric; tools that know the reference look for it. */
export const scopeName = "envoyproxy/ai-gateway";
