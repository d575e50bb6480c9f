#include <linux/module.h>
int badglobal; static int f(int __user *p){return *p;}
int g(int __user *p){return f(p);}
