import CLinux
import Nouns

/// Random bits from the kernel; `getrandom(2)`.
package enum Random {
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Fails only for a bad pointer, or on a kernel without the call.
        precondition(clinux_random(&bytes, count) == 0, "no random bytes from the kernel")
        return bytes
    }

    package static func word() -> UInt64 {
        var word: UInt64 = 0
        precondition(clinux_random(&word, 8) == 0, "no random bytes from the kernel")
        return word
    }

    package static func token() -> Token { Token(random: (word(), word())) }
}
