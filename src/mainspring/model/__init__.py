"""What things are: frozen values, their states and the pure rules about them. No I/O, no clock, no database."""
