@_exported import struct Nouns.SplitMix64
