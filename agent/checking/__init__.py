"""The last look at a text before it is sent: what it says about items must be carried by the catalogue's facts."""
