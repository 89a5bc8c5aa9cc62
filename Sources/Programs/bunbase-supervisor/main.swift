import SupervisorShell

SupervisorProgram.main()
