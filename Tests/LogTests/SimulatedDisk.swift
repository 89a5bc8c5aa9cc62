import Linux
import Log

/// A disk in memory that forgets what was not synced when it crashes, sector by sector, and fails on command.
final class SimulatedDisk: Disk {
    private final class Node {
        var content: [UInt8] = []
        /// What is certain to be there after a crash.
        var durable: [UInt8] = []
        var dirtySectors: Set<Int> = []
    }

    private enum Change {
        case bind(String, Node)
        case move(String, to: String, Node)
        case unbind(String)
    }

    enum Call: Hashable { case create, write, allocate, sync, syncDirectory, rename, remove }

    /// Called before each call that changes something, with how many of them came before it.
    var failure: (Call, Int) -> Int32? = { _, _ in nil }
    /// How many bytes a write takes at most.
    var writeBytesMax = Int.max
    /// How many bytes all files may have together.
    var room = Int.max
    private(set) var calls = 0

    private static let sector = 512
    private var names: [String: Node] = [:]
    private var durableNames: [String: Node] = [:]
    private var changes: [Change] = []
    private var handles: [Int32: Node] = [:]
    private var lastHandle: Int32 = 0
    private var locks: Set<Int32> = []

    init() {}

    /// The power goes: of what was not synced, any part may have reached the disk; names change in order.
    func crash(_ random: inout some RandomNumberGenerator) {
        for change in changes.prefix(Int.random(in: 0...changes.count, using: &random)) {
            Self.apply(change, to: &durableNames)
        }
        names = durableNames
        changes = []
        handles = [:]
        locks = []
        for (_, node) in names.sorted(by: { $0.key < $1.key }) {
            var survived = node.durable
            if Bool.random(using: &random) {
                let zeros = [UInt8](repeating: 0, count: max(0, node.content.count - survived.count))
                survived = Array((survived + zeros).prefix(node.content.count))
            }
            for sector in node.dirtySectors.sorted() where Bool.random(using: &random) {
                let start = sector * Self.sector
                let end = min(start + Self.sector, survived.count, node.content.count)
                for at in start..<max(start, end) { survived[at] = node.content[at] }
            }
            (node.content, node.durable, node.dirtySectors) = (survived, survived, [])
        }
    }

    /// What a file holds, by its name without the directory; as a copy, or to be changed.
    subscript(name: String) -> [UInt8]? {
        get { names[name]?.content }
        set {
            let node = Node()
            node.content = newValue ?? []
            node.durable = node.content
            names[name] = newValue == nil ? nil : node
            durableNames = names
        }
    }

    var files: [String] { names.keys.sorted() }

    // MARK: - Disk

    func lock(directory: String) throws(SystemError) -> Int32 {
        guard locks.isEmpty else { throw SystemError("flock", code: 11) }
        lastHandle += 1
        locks.insert(lastHandle)
        return lastHandle
    }

    func names(in directory: String) throws(SystemError) -> [String] { names.keys.shuffled() }

    func open(_ path: String) throws(SystemError) -> Int32 {
        guard let node = names[Self.name(path)] else { throw SystemError("open", code: 2, path: path) }
        return handle(for: node)
    }

    func create(_ path: String) throws(SystemError) -> Int32 {
        try mayFail(.create)
        let node = Node()
        change(.bind(Self.name(path), node))
        return handle(for: node)
    }

    func close(_ file: Int32) {
        handles[file] = nil
        locks.remove(file)
    }

    func size(of file: Int32) throws(SystemError) -> Int { try node(file).content.count }

    func read(
        _ file: Int32, at position: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Int {
        let content = try node(file).content
        guard position < content.count else { return 0 }
        let count = min(buffer.count, content.count - position)
        buffer.copyBytes(from: content[position..<position + count])
        return count
    }

    func write(_ file: Int32, at position: Int, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
        try mayFail(.write)
        let node = try node(file)
        let count = min(bytes.count, writeBytesMax)
        try extend(node, to: position + count)
        for at in 0..<count { node.content[position + at] = bytes[at] }
        guard count > 0 else { return 0 }
        for sector in position / Self.sector...(position + count - 1) / Self.sector {
            node.dirtySectors.insert(sector)
        }
        return count
    }

    func data(in file: Int32, from position: Int) throws(SystemError) -> Int {
        let content = try node(file).content
        return content[min(position, content.count)...].firstIndex { $0 != 0 } ?? content.count
    }

    func allocate(_ file: Int32, bytes: Int) throws(SystemError) {
        try mayFail(.allocate)
        try extend(node(file), to: bytes)
    }

    func sync(_ file: Int32) throws(SystemError) {
        try mayFail(.sync)
        let node = try node(file)
        node.durable = node.content
        node.dirtySectors = []
    }

    func sync(directory: String) throws(SystemError) {
        try mayFail(.syncDirectory)
        changes = []
        durableNames = names
    }

    func rename(_ path: String, to target: String) throws(SystemError) {
        try mayFail(.rename)
        guard let node = names[Self.name(path)] else { throw SystemError("rename", code: 2, path: path) }
        change(.move(Self.name(path), to: Self.name(target), node))
    }

    func remove(_ path: String) throws(SystemError) {
        try mayFail(.remove)
        guard names[Self.name(path)] != nil else { throw SystemError("unlink", code: 2, path: path) }
        change(.unbind(Self.name(path)))
    }

    // MARK: - Inside

    private func mayFail(_ call: Call) throws(SystemError) {
        defer { calls += 1 }
        if let code = failure(call, calls) { throw SystemError("\(call)", code: code) }
    }

    private func extend(_ node: Node, to bytes: Int) throws(SystemError) {
        let more = bytes - node.content.count
        guard more > 0 else { return }
        guard names.values.reduce(0, { $0 + $1.content.count }) + more <= room else {
            throw SystemError("extend", code: 28)
        }
        node.content += [UInt8](repeating: 0, count: more)
    }

    private func change(_ change: Change) {
        Self.apply(change, to: &names)
        changes.append(change)
    }

    private static func apply(_ change: Change, to names: inout [String: Node]) {
        switch change {
        case .bind(let name, let node): names[name] = node
        case .move(let name, let target, let node):
            names[name] = nil
            names[target] = node
        case .unbind(let name): names[name] = nil
        }
    }

    private func handle(for node: Node) -> Int32 {
        lastHandle += 1
        handles[lastHandle] = node
        return lastHandle
    }

    private func node(_ file: Int32) throws(SystemError) -> Node {
        guard let node = handles[file] else { throw SystemError("use", code: 9) }
        return node
    }

    private static func name(_ path: String) -> String { String(path.split(separator: "/").last!) }
}
