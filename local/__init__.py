"""The embedded AWS: emulator, the engine that deploys the program into it, stand-in sources and the demo."""
