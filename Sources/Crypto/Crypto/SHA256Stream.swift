import COpenSSL

/// The hash of bytes that come piece by piece.
package final class SHA256Stream {
    private let context: OpaquePointer

    package init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            preconditionFailure("SHA-256 is not to be had from this OpenSSL")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    package func add(_ bytes: UnsafeRawBufferPointer) {
        let isDone = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(isDone == 1, "OpenSSL cannot hash \(bytes.count) bytes")
    }

    /// The hash of all that came; nothing may be added afterwards.
    package func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.length) { output, count in
            var written: UInt32 = 0
            let isDone = EVP_DigestFinal_ex(context, output.baseAddress, &written)
            precondition(isDone == 1 && written == SHA256.length, "OpenSSL cannot finish a hash")
            count = SHA256.length
        }
    }
}
