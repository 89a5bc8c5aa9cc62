import CLinux
import Contracts
import Glibc

/// A plan in the form that the C side takes.
struct SpawnForm {
    private static let pidRoom = "0000000000"

    private let plan: SpawnPlan
    private var variables: [String] = []
    private var sources: [Descriptor] = []
    private var targets: [Int32] = []

    init(_ plan: SpawnPlan) throws(SpawnError) {
        self.plan = plan
        for (name, value) in plan.environment.sorted(by: { $0.key < $1.key }) {
            guard !name.isEmpty, !name.contains("=") else { throw malformed() }
            variables.append("\(name)=\(value)")
        }
        if let unified = plan.cgroup?.unified, unified.number < 0 {
            throw SpawnError(.cgroup, code: EBADF, program: plan.program)
        }
        try place()
        let texts = variables + plan.arguments + plan.temporary + [plan.program, plan.directory]
        guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { throw malformed() }
    }

    func run() throws(SpawnError) -> clinux_spawned {
        let arguments = TextList([plan.program] + plan.arguments)
        let environment = TextList(variables)
        let directory = TextList([plan.directory])
        let numbers = Block(sources.map(\.number))
        let targets = Block(self.targets)
        let procs = Block(plan.cgroup?.others.map(\.number) ?? [])
        let limits = Block(plan.limits.map(\.kernelForm))
        let groups = Block(plan.user?.groups ?? [])
        let temporary = TextList(plan.temporary)
        let options = TextList(["mode=1777,size=\(plan.temporaryMax)"])

        var form = clinux_spawn()
        (form.program, form.directory) = (UnsafePointer(arguments[0]), UnsafePointer(directory[0]))
        (form.arguments, form.environment) = (UnsafePointer(arguments.start), UnsafePointer(environment.start))
        (form.sources, form.targets, form.descriptor_count) = (numbers.start, targets.start, numbers.count)
        form.cgroup = plan.cgroup?.unified?.number ?? -1
        (form.cgroup_procs, form.cgroup_procs_count) = (procs.start, procs.count)
        (form.limits, form.limit_count) = (limits.start, limits.count)
        (form.sets_user, form.user, form.group) = (plan.user != nil, plan.user?.uid ?? 0, plan.user?.gid ?? 0)
        (form.groups, form.group_count) = (groups.start, groups.count)
        (form.sets_capabilities, form.capabilities) = (plan.capabilities != nil, plan.capabilities?.rawValue ?? 0)
        form.own_network = plan.hasOwnNetwork
        (form.temporary, form.temporary_count) = (temporary.constant, plan.temporary.count)
        form.temporary_options = UnsafePointer(options[0])
        (form.landlock, form.filter) = (plan.landlock?.number ?? -1, plan.filter?.program)
        (form.sets_oom_score, form.oom_score) = (plan.oomScore != nil, Int32(clamping: plan.oomScore ?? 0))
        (form.no_new_privileges, form.mask) = (plan.noNewPrivileges, plan.umask)
        if !plan.listening.isEmpty {
            // The last variable, behind its name.
            form.pid_text = environment[variables.count - 1]! + ChildEnvironment.listenPID.utf8.count + 1
        }

        var result = clinux_spawned()
        let status = withExtendedLifetime((arguments, environment, directory, numbers, targets, procs, limits)) {
            withExtendedLifetime((plan, groups, temporary, options)) { clinux_spawn(&form, &result) }
        }
        guard status == 0 else {
            throw SpawnError(SpawnError.Step(result.step), code: result.code, program: plan.program)
        }
        return result
    }

    private mutating func place() throws(SpawnError) {
        guard plan.descriptors.count + plan.listening.count <= SpawnPlan.descriptorsMax,
            plan.descriptors.keys.allSatisfy({ $0 >= 0 && (plan.listening.isEmpty || $0 < ListenFDs.start) })
        else { throw malformed() }
        if (0..<ListenFDs.start).contains(where: { plan.descriptors[$0] == nil }) {
            let nothing = Descriptor(open("/dev/null", O_RDWR | O_CLOEXEC))
            guard nothing.number >= 0 else { throw SpawnError(.descriptors, code: errno, program: plan.program) }
            for number in 0..<ListenFDs.start where plan.descriptors[number] == nil { add(nothing, as: number) }
        }
        for (number, descriptor) in plan.descriptors { add(descriptor, as: number) }
        guard !plan.listening.isEmpty else { return }
        for (index, item) in plan.listening.enumerated() {
            guard !item.name.contains(":") else { throw malformed() }
            add(item.descriptor, as: ListenFDs.start + Int32(index))
        }
        variables.append("\(ChildEnvironment.listenFDs)=\(plan.listening.count)")
        variables.append("\(ChildEnvironment.listenFDNames)=\(plan.listening.map(\.name).joined(separator: ":"))")
        variables.append("\(ChildEnvironment.listenPID)=\(Self.pidRoom)")
    }

    private mutating func add(_ source: Descriptor, as target: Int32) {
        sources.append(source)
        targets.append(target)
    }

    private func malformed() -> SpawnError { SpawnError(.plan, code: EINVAL, program: plan.program) }
}

/// Values at an address that stays.
private final class Block<Element> {
    let start: UnsafePointer<Element>
    let count: Int

    init(_ elements: [Element]) {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        memory.initialize(from: elements, count: elements.count)
        (start, count) = (UnsafePointer(memory), elements.count)
    }

    deinit { UnsafeMutablePointer(mutating: start).deallocate() }
}

/// C's form of a list of texts: pointers, ended by a null.
private final class TextList {
    let start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        start = .allocate(capacity: texts.count + 1)
        count = texts.count
        for (index, text) in texts.enumerated() { (start + index).initialize(to: strdup(text)) }
        (start + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(start[index]) }
        start.deallocate()
    }

    subscript(index: Int) -> UnsafeMutablePointer<CChar>? { start[index] }

    /// The same list, for whoever only reads.
    var constant: UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(start).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }
}
