"""Keep alerts that would be sent, and show each as its receiver would see it."""
