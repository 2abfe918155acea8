/** A D-Stream's name for ever: made by the client that defines it (`<session>.<n>`), never used again. */
export type StreamId = string
