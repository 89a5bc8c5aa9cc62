import COpenSSL
import Contracts
import Glibc
import Nouns

/// A certificate with its private key and the chain to its root, as read from files.
struct Certificate {
    /// Of a file.
    static let bytesMax = 1 << 20
    static let chainMax = 16

    /// The certificate itself first.
    let chain: [OpaquePointer]
    let key: OpaquePointer
    /// The names that the certificate says it is for.
    let names: [HostPattern]
    /// When the first of the chain to expire does; seconds since 1970.
    let expires: Int64
}

extension Certificate {
    /// Reads both files and checks that they belong together. The caller frees by `release`.
    ///
    /// - Parameter opened: files that are open already, by their paths; others are opened here.
    init(_ files: TLSSettings.Certificate, opened: [String: Int32] = [:]) throws(TLSError) {
        let chain = try Self.readChain(files.chain, opened)
        do throws(TLSError) {
            let key = try Self.readKey(files.key, opened)
            guard X509_check_private_key(chain[0], key) == 1 else {
                EVP_PKEY_free(key)
                throw .noted("\(files.key) is not the private key of the first certificate in \(files.chain)")
            }
            self.init(
                chain: chain, key: key, names: Self.names(of: chain[0]),
                expires: chain.map(Self.expires).min() ?? .max)
        } catch {
            for each in chain { X509_free(each) }
            throw error
        }
    }

    func release() {
        for each in chain { X509_free(each) }
        EVP_PKEY_free(key)
    }

    private static func expires(_ certificate: OpaquePointer) -> Int64 {
        var time = tm()
        guard let end = X509_get0_notAfter(certificate), ASN1_TIME_to_tm(end, &time) == 1 else { return .max }
        return Int64(timegm(&time))
    }

    private static func readChain(_ path: String, _ opened: [String: Int32]) throws(TLSError) -> [OpaquePointer] {
        var chain: [OpaquePointer] = []
        let memory = try contents(of: path, opened[path])
        defer { BIO_free(memory) }
        while chain.count <= chainMax, let next = PEM_read_bio_X509(memory, nil, { _, _, _, _ in -1 }, nil) {
            chain.append(next)
        }
        // The end of the file is one error; any other is a broken block.
        let isAtEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
        guard isAtEnd, !chain.isEmpty, chain.count <= chainMax else {
            for each in chain { X509_free(each) }
            if isAtEnd { ERR_clear_error() }
            throw .noted("\(path) does not hold 1 to \(chainMax) PEM certificates")
        }
        ERR_clear_error()
        return chain
    }

    private static func readKey(_ path: String, _ opened: [String: Int32]) throws(TLSError) -> OpaquePointer {
        let memory = try contents(of: path, opened[path])
        defer { BIO_free(memory) }
        // Without the callback, OpenSSL would ask for a passphrase on the terminal.
        guard let key = PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil) else {
            throw .noted("\(path) does not hold a private key in PEM without a passphrase")
        }
        return key
    }

    /// A file's bytes, in memory that OpenSSL wipes.
    private static func contents(of path: String, _ opened: Int32?) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        let number = opened ?? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { throw TLSError("\(path) cannot be read: \(String(cString: strerror(errno)))") }
        defer { if opened == nil { close(number) } }
        guard let memory = BIO_new(BIO_s_secmem()) else { throw .noted("out of memory") }
        var block = [UInt8](repeating: 0, count: 16_384)
        defer { block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        var total = 0
        while true {
            let count = pread(number, &block, block.count, off_t(total))
            if count < 0, errno == EINTR { continue }
            total += max(0, count)
            guard count >= 0, total <= bytesMax else {
                BIO_free(memory)
                throw TLSError(
                    count < 0
                        ? "\(path) cannot be read: \(String(cString: strerror(errno)))"
                        : "\(path) is longer than \(bytesMax) bytes")
            }
            if count == 0 { return memory }
            BIO_write(memory, block, Int32(count))
        }
    }

    /// The DNS names among the alternative names; others, and the subject, do not count (RFC 6125 §6.4.4).
    private static func names(of certificate: OpaquePointer) -> [HostPattern] {
        guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<copenssl_count(names)).compactMap { index in
            guard let text = copenssl_dns_name(copenssl_name(names, index)) else { return nil }
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(text), count: Int(ASN1_STRING_length(text)))
            return HostPattern(String(decoding: bytes, as: UTF8.self))
        }
    }
}
