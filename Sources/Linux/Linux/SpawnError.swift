import CLinux
import Glibc

/// A process that could not be started: at which step, with what code. Nothing is left behind.
package struct SpawnError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Step: String, CaseIterable, Sendable {
        /// What the plan says cannot be: a text with a NUL, descriptors that collide.
        case plan = "plan"
        case clone = "clone"
        case signals = "reset signals"
        case cgroup = "join control group"
        case oomScore = "set oom score"
        case session = "begin session"
        case mounts = "mount private directories"
        case descriptors = "place descriptors"
        case limits = "set limits"
        case groups = "set groups"
        case user = "set user"
        case directory = "enter directory"
        case privileges = "give up privileges"
        case landlock = "enter landlock rules"
        case capabilities = "give up capabilities"
        case filter = "set system call filter"
        case execute = "execute"

        init(_ step: clinux_step) {
            switch step {
            case CLINUX_STEP_SIGNALS: self = .signals
            case CLINUX_STEP_CGROUP: self = .cgroup
            case CLINUX_STEP_OOM_SCORE: self = .oomScore
            case CLINUX_STEP_SESSION: self = .session
            case CLINUX_STEP_MOUNTS: self = .mounts
            case CLINUX_STEP_LANDLOCK: self = .landlock
            case CLINUX_STEP_CAPABILITIES: self = .capabilities
            case CLINUX_STEP_FILTER: self = .filter
            case CLINUX_STEP_DESCRIPTORS: self = .descriptors
            case CLINUX_STEP_LIMITS: self = .limits
            case CLINUX_STEP_GROUPS: self = .groups
            case CLINUX_STEP_USER: self = .user
            case CLINUX_STEP_DIRECTORY: self = .directory
            case CLINUX_STEP_PRIVILEGES: self = .privileges
            case CLINUX_STEP_EXECUTE: self = .execute
            default: self = .clone
            }
        }
    }

    package let step: Step
    package let code: Int32
    package let program: String

    package init(_ step: Step, code: Int32, program: String) {
        (self.step, self.code, self.program) = (step, code, program)
    }

    package var description: String { "\(program): \(step.rawValue): \(String(cString: strerror(code)))" }
}
