/** The words that people take first when they are asked for a password, in small letters without accents, as data. Knows no rule. */

/**
 * Without the figures, signs and letters in disguise that people add to them: whoever compares takes these away first. Drawn up by hand from what
 * the published counts of breached passwords have in common.
 */
const TEXT = `1234qwer 123abc 123qwe 1q2w3e4r 1qaz2wsx 1qazxsw2 a123456 a1b2c3 a1b2c3d4 aa123456 abc123 abcabc abcd abcd1234 abcdef abcdefg
access accessme adgangskode admin admin123 adminadmin administrador administrateur administrator adminpass adminpassword admins
android apple asd123 asdasd asdf asdf1234 asdfasdf asdfghjkl asdfjkl azerty azertyuiop bemvindo benvenuto bienvenido bienvenue
blackberry bonjour change changeit changeme changepassword changethis ciao cisco clave college company computador computer
contrasena contrasenia database debian default demo demodemo docker enter enterme example geheim geslo github gitlab goodbye
google guest guestguest hallo halloo haslo hejhej hello hellohello heslo hewlett hola intel internet intranet iphone jelszo
jenkins kennwort kubernetes lenovo letme letmein letmein1 letmeinn linux lkjhgfdsa login loginme logon losenord lozinka manager
microsoft mnbvcxz mongodb motdepasse motorola mypass mypassword mysecret mysql network newpassword nokia nopass nopassword
office oldpassword opensesame openup operator oracle ordinateur panasonic parola parole parool pass pass1234 passcode passe
passkey passphrase passphrases passw passwd password password1 passwords passwort passwrd pasword poiuytrewq postgres postgresql
privet pwd pword q1w2e3r4 qazwsx qazwsxedc qwaszx qwe123 qweasd qweasdzxc qweqwe qwer qwer1234 qwert qwerty qwerty1 qwertyui
qwertyuiop qwertz redis root rootpass rootroot salasana salut sample samsung school secret secreto segreto senha server service
sesame siemens sifre signin slaptazodis sony staff student superadmin superuser supervisor support sysadmin system teacher temp
temporary temppass temppassword test test1234 tester testing testpass testpassword testtest testuser thepassword toor topsecret
toshiba ubuntu university user username users visitor wachtwoord welcome welcomes welkom willkommen windows windowsxp
yourpassword zaq12wsx zaqxsw zxc123 zxcv zxcvbn zxcvbnm zxczxc ицукен любовь максим наташа пароль привет фыва

allah always amazing amigo amigos amor amorcito amore amormio amour angel angel1 angela angeleyes angelica angelina angelito
angelo angels askim babe baby babyboy babycakes babydoll babygirl bebe bebita believe bestfriend bible bismillah bless blessed
blessing boyfriend brother buddha cheri cherie children christ christian church daddy darling dearest demon devil emmanuel faith
familia famille family father forever foreverlove friend friends friendship gabriel ganesh genesis girlfriend god godbless
godisgood godislove grace grandma grandpa hallelujah hase heaven heavenly hell holyspirit honey honeybee hope husband
ichliebedich ilove iloveme iloveu iloveyou iloveyou1 iloveyou2 iloveyousomuch iluvu iluvyou inlove jaishreeram jesus jesus1
jesuschrist jesuslovesme jetaime king kingkong kings kocham kochamcie krishna liebe ljubav love lovebug lovehurts loveless
lovelove lovely loveme lover lovers loveyou lucifer mama maria mausi mohammed mommy mother muhammad mummy mybaby mylife mylord
mylove myself papa peace prince princesa princess princesse prinzessin queen saibaba satan savior saviour schatz schatzi seni
seviyorum sister soul spirit sweet sweetheart sweetie sweetpea sweety teamo teamomucho teddy teddybear tequiero tiamo trinity
truelove volim wife

aaron abigail adam adrian adriana ahmed alan albert alberto aldo alejandra alejandro alex alexander alexandra alexandre alexis
alfred alfredo alice alicia alison allison amanda amber amelia amy ana anastasia anderson andre andrea andreas andrei andrew
andrey andy angie anita anjali anna annie anthony antonia antonio april arjun arsenio arthur ashlee ashley audrey austin ayse
barbara beatrice beatriz benjamin bernard bethany bianca billy bobby brandon brandy breanna brenda brian brianna britney
brittany bruno bryan caitlin cameron camila candice carla carlos carmen carol carolina caroline casey cassandra cassie catherine
cecilia charles charlie charlotte chelsea cheyenne chris christina christine christopher cindy claire claudia cody colin connor
corey courtney craig crystal cynthia daisy dakota dalton damian daniel daniela danielle danny david dawn deborah deepak denise
dennis derek diana diego dmitry dominic dominik donald donna dorothy douglas dylan eduardo edward eileen elena elizabeth ellen
emily emma enrique eric erica erik erika ernesto esteban esther eugene evelyn fabian fatima felipe felix fernanda fernando
florian francesca francesco francis francisco frank frankie franklin fred freddy frederic gabriela gabrielle gary geoffrey
george gerald gerard gilbert giovanni gloria gordon grant greg gregory guillermo gustavo hannah harold harrison harry heather
hector heidi helen helena henry herbert holly howard hunter ibrahim isaac isabel isabella isabelle ivan jack jackie jackson
jacob jacqueline jaime jake james jamie janet janice jared jasmin jasmine jason javier jeffrey jenna jennifer jenny jeremy
jermaine jerry jesse jessica jessie jimmy joanna joanne johanna john johnny johnson jonathan jordan jorge joseph josephine
joshua juan juanita judith julia julian juliana julie juliet julio justin justine karen karina karl katherine kathleen kathryn
katie katrina kayla keith kelly kelsey kenneth kevin kimberly kristen kristin kristina kumar kurt kyle lakshmi larry laura
lauren laurence lawrence leanne leonard leonardo leslie lillian linda lindsay lindsey lisa logan lorena lorenzo louis louise
lucas lucia lucy luigi luis lukas madison marcel marcelo marco marcos marcus margaret margarita mariah marian mariana marie
marina mario marion marisol marissa marjorie mark marlene marshall martha martin martina marvin mary mason matthew matthias
maurice mauricio maximilian maxwell megan mehmet melanie melissa mercedes meredith michael michaela michel michele michelle
miguel mikael mike mikhail miranda mitchell mohamed mohammad monica monique morgan mustafa nancy naomi natalia natalie natasha
nathalie nathan nathaniel nguyen nicholas nicolas nicole nikita nikolas nina norman oksana olga oliver olivia omar oscar pablo
pamela patricia patrick paul paula pauline pedro peter philip philippe phillip pierre preston priscilla priya rachel rafael
rahul rajesh ralph ramesh ramon raquel raymond rebecca regina renee ricardo richard robert roberto robin rodney rodrigo roger
roland roman ronald ronaldo rosemary rosie roxanne russell ruth ryan sabrina sakura salvador samantha sammy samuel sandra sandy
sanjay santiago santos sara sarah sasha scott sean sebastian serena sergei sergey sergio shannon sharon shawn sheila shelby
shirley sierra simon simone singh sonia sophia sophie spencer stacey stefan stefanie stella stephanie stephen steve steven
stewart stuart summer suresh susan suzanne svetlana sydney sylvia takashi tamara tania tanya tatiana taylor teresa terry
theodore theresa thomas tiffany timothy tina tommy tony tracy travis trevor tristan tyler valentina valeria valerie vanessa
veronica victor victoria vincent violet virginia vivian vladimir walter wanda wang wayne wendy wesley whitney william williams
willie wilson winston woaini woaini1314 woaini520 xavier xiaoming yolanda yuki yvonne zachary zhang zoe

animal animals bailey bandit bear beaver bella boomer brutus buddy bulldog bunny buster butterfly buttons catdog chicken cookie
cookies cooper cougar cowboy coyote dolphin dolphins drache dragon dragonfly dragons duke eagle eagles elephant falcon falcons
felix1 fish fishes fishing flipper fluffy foxtrot foxy frog froggy garfield ginger gizmo gorilla hamster harley hawk hawkeye
hellokitty horse horses hummingbird husky iguana jaguar kangaroo kissme kitten kitty kittycat leopard lion lions lizard lobster
lucky maggie mariposa maxine mickey mickeymouse minnie missy molly monkey monkeys monster mouse muffin murphy mustang oliver1
oreo oscar1 panda pandas panther panthers papillon parrot patches peanut penguin pepper pig pigeon piglet pokemon pony poodle
poohbear precious princess1 puppies puppy rabbit raccoon rhino rocky rottweiler rover rufus rusty sadie salmon samson sassy
schmetterling scooby scoobydoo scorpion shadow shark sharks simba smokey smudge snake snoopy snowball socks sparky spider
spiderman spike squirrel stallion tiger tigers tigger tinker tinkerbell toby tortoise trixie tucker turtle turtles tweety
unicorn unicorns viper whale whiskers wildcat wildcats winnie wolf wolfgang wolfpack wolverine wolves zebra ziggy

abcdabcd aladdin alien aliens anakin aragorn arsenal arsenalfc assassin assassins astonvilla atlanta avatar avengers barca
barcelona baseball basketball batman bayern beatles beckham benfica bigbang blink182 bmwbmw bobmarley boca bocajuniors bond007
boomboom boston bowling boxing braves breakingbad broncos bruins bugsbunny bulls callofduty captain captainamerica cardinals
casanova celtic celtics champion champions charizard chelseafc chevrolet chevy chicago civilwar clash classic coldplay colombia
corvette counterstrike cowboys creed cricket cristiano cruzeiro dallas darkness darkside darthvader deadpool destiny diablo
digimon doctor doctorwho dodgers doraemon dragonball dragonballz drummer dumbledore eminem enterprise everton excalibur fallout
fantasy fender fenerbahce ferrari finalfantasy flamengo flames florida football footballer fortnite fotball fussball futbol
gaara galatasaray galaxy gamecube gameover gamer gamingmaster gandalf genius giants gibson godzilla gohan goku goldeneye
goldfish golf golfer golfing greenday gryffindor guitar guitarra gundam gunners hala halflife halo hannahmontana harrypotter
heatmiami hermione hobbit hockey hollywood hotwheels inuyasha invincible ironmaiden ironman itachi jackass jaguars jamesbond
jedi joker jordan23 jumanji juventus kakashi kawasaki killer killerbee knights kobe kobebryant korn lacrosse lakers lamborghini
leagueoflegends ledzeppelin legend legolas lfc liberty lineage linkinpark liverpool longhorns lordoftherings lotus madonna
madrid manchester manchesterunited mancity manunited manutd maradona mariners marlboro marley marvel matrix maverick merlin
messi metal metallica mets mewtwo minecraft mortalkombat mozart music musica musicislife narnia naruto narutouzumaki nascar
naughty neverland newyork nintendo nirvana olympus onepiece packers pacman padres palmeiras paradise patriots phantom phillies
piano pikachu pirate pirates pistons playboy player players playstation poker porsche portugal predator premier psycho puma
raiders rainbow ramones rangers realmadrid reddevils redskins redsox robinhood roblox rockandroll rocker rocknroll rockstar
ronaldo7 runescape sailormoon santafe sasuke scarface senators shinobi shrek simpson simpsons skate skateboard skater skating
skywalker slayer slipknot snowboard soccer softball sonic southpark spartan spartans spongebob springs starcraft stargate
startrek starwars steelers subaru supergirl superman supernova superstar suzuki swimming sword tennis terminator thebeatles
thebest thedoors thegame theman theone thunder titanic titans tottenham toyota transformers trinity1 trojan tupac turbo tusymama
undertaker united vader vegeta vfbstuttgart vikings volcom volkswagen volleyball voyager warcraft warhammer warrior warriors
westham westside winner winners wizard worldofwarcraft wrestling yamaha yankees ynwa yoda yugioh zelda zeppelin zidane zombie

alabama alaska alpha alpine america american amsterdam anything apples apricot arizona armada army arrow asshole athens
australia autumn avalon awesome azerbaijan banana bananas barbie battery beach beautiful beauty berlin bigboy bigdaddy bigdick
bigdog biggie birthday bitch bitches black blackcat blackie blackjack blackwhite blahblah blood bloody blossom blue blueberry
bluebird bluesky bonbon bonnie boobies booboo books boots brasil bravo brazil brazzers broken brooklyn brown bubba bubble
bubblegum bubbles budlight bullet bullshit burger butter buttercup cactus california calvin camaro canada cancer candle candy
candyland caramel cashmoney casino caterpillar champagne chance changes chaos cheese cheesecake cherries cherry chester chicks
chile china chocolat chocolate chocolates christmas cinderella cinnamon clover cocacola cococo coconut coffee colorado colours
cookiemonster cool cooldude coolgirl coolguy copper coral corona correct correcthorse correcthorsebatterystaple cosmos cotton
country courage crazy crazyboy crazygirl cream creative cricket1 cupcake cupid cuteness cutie cutiepie cyclone daddysgirl dancer
dancing danger dark darkangel darklord death december deutschland diamond diamonds diesel digital dimples dirty disney
disneyland doggie dollars dontknow dream dreamer dreamers dreams drums earth easter eclipse ecuador egypt einstein electric
element elvis emerald empire energy england escape espana eternal eternity europe evening everything evil explorer express
extreme fabulous fairy fairytale falloutboy fashion fatboy february fire fireball firebird firefly firefox fireman florence
flores flower flowers forget forgot forgotten france freedom freedom1 freeman french friday fuck fucker fucking fuckit fuckme
fuckoff fuckthis fucku fuckyou fuckyou1 fuckyou2 funny future gangsta gangster gateway gemini germany ghost giggles girlpower
girls glitter goaway gold golden goldie goober good goodgirl goodluck goodmorning gorgeous gothic grandma1 grapes greece green
greenapple greenday1 grumpy guinness hacker hackers haha hahaha halloween hamburg hamburger handsome happiness happy
happybirthday happyday happyface happygirl hardcore hardrock hate hateyou havefun hawaii heart heartbreaker hearts helpme
hercules hero heroes highland holiday home homeless homer honda hooters horizon horny horsebatterystaple hotboy hotdog hotgirl
hotmail hotrod hotshot hotstuff hottie house houston hunting hurricane iamcool iamgod iamthebest iceberg icecream iceman idiot
idontknow idunno iforgot ihatelife ihateu ihateyou imagine imissyou imthebest incorrect india indian indiana ineedyou infinity
insane inside intelligent inter ireland irish island israel istanbul italia italy itsasecret itsme iwantyou jackpot jamaica
january japan jellybean jellybeans jester joanjett july june jupiter justme kermit kiss kisses kissmyass knight kokoko kolkata
korea kurwa lady ladybug lalala lalalala lasvegas laugh lavender legacy lemon lemonade lemons liar life lifeisgood lifesucks
light lightning lights lilbit lilly lilman limited liquid littlegirl littleman lollipop lollypop london longhair loser losers
lotus1 louisiana loveit lovely1 luck luckycharm luckyme magic magical magnolia magnum marijuana mariners1 marines markiza master
masterkey masters maximus mellow melody memories memory mermaid mexico miami midnight military million millionaire minimum
mississippi mister mobile monday money moneymaker moneyman moneys montana moon moonlight moonshine morning moscow mountain
movies muffins mushroom mypasswordis mysterious mystery mystic nature navy nelson neptune neverever nevermind nicegirl night
nightmare nightwish ninja ninjas nirvana1 nissan nobody nonono notapassword nothing november number numberone ocean october
october1 omega online onlyme orange oranges orchid orlando outlaw outlaws oxford paintball pakistan pancake pancakes papercut
paris party passion passwordis patience peace1 peaceandlove peaches pearl pebbles penis perfect peru pervert philippines phoenix
photo picasso pickle pickles picture pilot pimp pimpin pineapple pink pinkfloyd pinkpink pinky pizza planet platinum please
poetry poison poison1 poland polska pooh pookie poop poopoo popcorn popeye popsicle porn portal potato power powerful pretty
prettygirl private problem professor promise pumpkin punk punkrock purple pussy pussycat python queenbee question quiet radio
raider rainbows raindrop random raspberry rebel rebels red redbull reddog redhead redrose remember republic respect revenge
revolution rhythm rider river rivers rock romance romania romantic rose rosebud roses royal ruby runner running russia russian
sabotage sacred sailing sailor salvation samurai sandman sanfrancisco santa santaclaus sapphire saturday saturn scarlet scorpio
scorpio1 scotland scott1 secure security september serenity sexy sexybitch sexyboy sexygirl sexylady sexymama sexything shalom
shit shithead shopping shorty shutup silence silver silverado simple skipper skittles skull sleepy slimshady slut smile smiles
smiley smoke smoking smooth snickers snow snowflake snowman soldier soledad somebody something song sophomore southside space
spain spanish special speed speedy spice spirit1 spooky spring springtime sprite stanley staple star stardust starfish starlight
stars start station stealth steel sticky stone stories storm strawberries strawberry street strength strong student1 stupid
sucker sugar summertime sun sunday sunflower sunny sunrise sunset sunshine supernatural surfer surfing surprise survivor sweden
sweetness sweets swordfish synergy taco tango tarheels tattoo tequila texas thailand thanks thankyou therock thisisapassword
thisismypassword thuglife thunderbird thursday timberland tinkerbelle tomato tomorrow tonight tornado toronto totoro tower
toyota1 treasure triangle trouble trucker trucks trust trustme trustno1 trustnoone truth tuesday turkey turkiye turquoise
twilight twinkle twister ultimate unbreakable underground unforgiven universe unknown upsidedown vacation valentine vampire
vampires vanilla velvet venezuela venus victory vietnam viking village violin vision volcano voodoo warning washington water
watermelon weather wedding wednesday weed weekend whatever whateverman whatsup white whiteboy whocares wicked wildchild wildfire
willow window winter wisdom wolf1 woman women wonder wonderful wonderland wonderwoman woodstock working world worldcup worship
wrangler xanadu xmas yahoo yellow yesterday yomama youandme young younger yourmom yummy zephyr zodiac
`

export const COMMON_WORDS: ReadonlySet<string> = new Set(TEXT.trim().split(/\s+/))
