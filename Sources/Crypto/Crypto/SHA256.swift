import COpenSSL

/// The hash under which secrets are kept and looked up (FIPS 180-4), by OpenSSL.
package enum SHA256 {
    /// Bytes of a hash.
    package static let length = 32

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { output, count in
            var written: UInt32 = 0
            let isDone = EVP_Digest(bytes.baseAddress, bytes.count, output.baseAddress, &written, EVP_sha256(), nil)
            precondition(isDone == 1 && written == length, "SHA-256 is not to be had from this OpenSSL")
            count = length
        }
    }

    package static func hash(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }
}
